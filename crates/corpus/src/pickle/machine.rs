//! The stack machine: one instruction after the other, each with its argument. One file, since
//! the instructions share the stack and the memo and are only a line each.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::value::{Known, Node, NodeId};

type Step<T> = Result<T, String>;

/// A line of protocol 0, such as a number or a name.
const LINE: u64 = 1 << 20;

pub(super) struct Machine<'a> {
    source: Box<dyn BufRead + 'a>,
    /// Bytes that the file still has.
    left: u64,
    /// Instructions that may still be carried out.
    steps: usize,
    pub(super) nodes: Vec<Node>,
    stack: Vec<NodeId>,
    /// Where on the stack the open containers begin.
    marks: Vec<usize>,
    memo: HashMap<u64, NodeId>,
    /// Bytes that were made and not read; bounded by the size of the file.
    pub(super) made: u64,
}

impl<'a> Machine<'a> {
    pub(super) fn new(source: Box<dyn BufRead + 'a>, size: u64, steps: usize) -> Self {
        Self {
            source,
            left: size,
            steps,
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            made: size,
        }
    }

    /// Carries out all of it; the values and the one on top.
    pub(super) fn run(mut self) -> Step<(Vec<Node>, NodeId)> {
        loop {
            self.steps = self.steps.checked_sub(1).ok_or("it has too many instructions")?;
            let code = self.take(1)?[0];
            if code == b'.' {
                let top = self.pop()?;
                return Ok((self.nodes, top));
            }
            self.step(code)?;
        }
    }

    fn step(&mut self, code: u8) -> Step<()> {
        match code {
            0x80 => {
                let protocol = self.take(1)?[0];
                return if protocol <= 5 { Ok(()) } else { Err(format!("protocol {protocol}")) };
            }
            0x95 => {
                let frame = self.natural(8)?;
                return if frame <= self.left { Ok(()) } else { Err(cut()) };
            }
            // Values.
            b'N' => self.push(Node::None)?,
            0x88 => self.push(Node::Bool(true))?,
            0x89 => self.push(Node::Bool(false))?,
            b'I' | b'L' => self.decimal()?,
            b'J' => {
                let bytes = self.fixed()?;
                self.push(Node::Int(i32::from_le_bytes(bytes).into()))?;
            }
            b'K' => self.small(1)?,
            b'M' => self.small(2)?,
            0x8a => self.long(1)?,
            0x8b => self.long(4)?,
            b'F' => {
                let line = self.line()?;
                let number = line.trim().parse().map_err(|_| "a number that is none")?;
                self.push(Node::Float(number))?;
            }
            b'G' => {
                let bytes = self.fixed()?;
                self.push(Node::Float(f64::from_be_bytes(bytes)))?;
            }
            b'S' => {
                let line = self.line()?;
                let bytes = quoted(line.trim()).ok_or("a string without its quotes")?;
                self.push(Node::Bytes(bytes))?;
            }
            b'V' => {
                let line = self.line()?;
                self.push(Node::Text(escaped(&line)))?;
            }
            b'U' | b'C' => self.bytes(1)?,
            b'T' | b'B' => self.bytes(4)?,
            0x8e | 0x96 => self.bytes(8)?,
            0x8c => self.text(1)?,
            b'X' => self.text(4)?,
            0x8d => self.text(8)?,
            // Containers.
            b'(' => self.marks.push(self.stack.len()),
            b']' => self.push(Node::List(Vec::new()))?,
            b')' => self.push(Node::Tuple(Vec::new()))?,
            b'}' => self.push(Node::Dict(Vec::new()))?,
            0x8f => self.push(Node::Set(Vec::new()))?,
            b'l' => {
                let items = self.marked()?;
                self.push(Node::List(items))?;
            }
            b't' => {
                let items = self.marked()?;
                self.push(Node::Tuple(items))?;
            }
            0x91 => {
                let items = self.marked()?;
                self.push(Node::Set(items))?;
            }
            b'd' => {
                let pairs = paired(&self.marked()?)?;
                self.push(Node::Dict(pairs))?;
            }
            0x85..=0x87 => {
                let count = usize::from(code - 0x84);
                let start = self.stack.len().checked_sub(count).filter(|s| *s >= self.floor());
                let items = self.stack.split_off(start.ok_or_else(shallow)?);
                self.push(Node::Tuple(items))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.marked()?;
                self.extend(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.assign(vec![(key, value)])?;
            }
            b'u' => {
                let pairs = paired(&self.marked()?)?;
                self.assign(pairs)?;
            }
            // The stack and the memo.
            b'0' => drop(self.pop()?),
            b'1' => drop(self.marked()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'g' => {
                let index = self.line()?.trim().parse().map_err(|_| "a memo without number")?;
                self.recall(index)?;
            }
            b'h' => {
                let index = self.natural(1)?;
                self.recall(index)?;
            }
            b'j' => {
                let index = self.natural(4)?;
                self.recall(index)?;
            }
            b'p' => {
                let index = self.line()?.trim().parse().map_err(|_| "a memo without number")?;
                self.keep(index)?;
            }
            b'q' => {
                let index = self.natural(1)?;
                self.keep(index)?;
            }
            b'r' => {
                let index = self.natural(4)?;
                self.keep(index)?;
            }
            0x94 => self.keep(self.memo.len() as u64)?,
            // Whatever would have Python act.
            b'c' | b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                let known = known(module.trim(), name.trim())?;
                if code == b'i' {
                    return Err(refused(module.trim(), name.trim()));
                }
                self.push(Node::Known(known))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Node::Text(module), Node::Text(name)) = (self.node(module), self.node(name))
                else {
                    return Err("it puts a name together while it runs".to_owned());
                };
                let known = known(module, name)?;
                self.push(Node::Known(known))?;
            }
            b'R' => {
                let (arguments, callee) = (self.pop()?, self.pop()?);
                let made = self.call(callee, arguments)?;
                self.push(made)?;
            }
            b'b' => {
                let state = self.pop()?;
                let object = self.top()?;
                self.build(object, state)?;
            }
            b'o' | 0x81 | 0x92 => return Err("it makes an object of a class".to_owned()),
            b'P' | b'Q' => return Err("it refers to data outside of the file".to_owned()),
            0x97 | 0x98 => return Err("its buffers lie outside of the file".to_owned()),
            0x82..=0x84 => return Err("it names a class by a number".to_owned()),
            other => return Err(format!("0x{other:02x} is no instruction")),
        }
        Ok(())
    }

    // Reading.

    fn take(&mut self, count: u64) -> Step<Vec<u8>> {
        self.left = self.left.checked_sub(count).ok_or_else(cut)?;
        let mut bytes = vec![0; usize::try_from(count).map_err(|_| cut())?];
        self.source.read_exact(&mut bytes).map_err(|_| cut())?;
        Ok(bytes)
    }

    fn fixed<const N: usize>(&mut self) -> Step<[u8; N]> {
        self.take(N as u64)?.try_into().map_err(|_| cut())
    }

    fn natural(&mut self, width: u64) -> Step<u64> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn line(&mut self) -> Step<String> {
        let mut bytes = Vec::new();
        let most = LINE.min(self.left);
        let read = self.source.by_ref().take(most).read_until(b'\n', &mut bytes);
        self.left -= read.map_err(|_| cut())? as u64;
        if bytes.pop() != Some(b'\n') {
            return Err("a line that is too long or cut".to_owned());
        }
        // Protocol 0 writes ASCII and Latin-1.
        Ok(bytes.into_iter().map(char::from).collect())
    }

    fn small(&mut self, width: u64) -> Step<()> {
        let number = self.natural(width)?;
        self.push(Node::Int(number as i64))
    }

    fn decimal(&mut self) -> Step<()> {
        let line = self.line()?;
        let node = match line.trim().trim_end_matches('L') {
            "00" => Node::Bool(false),
            "01" => Node::Bool(true),
            digits => Node::Int(digits.parse().map_err(|_| huge())?),
        };
        self.push(node)
    }

    fn long(&mut self, width: u64) -> Step<()> {
        let count = self.natural(width)?;
        if count > 8 {
            return Err(huge());
        }
        let bytes = self.take(count)?;
        let negative = bytes.last().is_some_and(|byte| *byte >= 0x80);
        let mut whole = [if negative { 0xff } else { 0 }; 8];
        whole[..bytes.len()].copy_from_slice(&bytes);
        self.push(Node::Int(i64::from_le_bytes(whole)))
    }

    fn bytes(&mut self, width: u64) -> Step<()> {
        let count = self.natural(width)?;
        let bytes = self.take(count)?;
        self.push(Node::Bytes(bytes))
    }

    fn text(&mut self, width: u64) -> Step<()> {
        let count = self.natural(width)?;
        let bytes = self.take(count)?;
        // Python lets lone surrogates pass; they are no text anywhere else.
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        self.push(Node::Text(text))
    }

    // Values, the stack and the memo.

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    fn push(&mut self, node: Node) -> Step<()> {
        let id = NodeId::new(self.nodes.len()).ok_or("it has too many values")?;
        self.nodes.push(node);
        self.stack.push(id);
        Ok(())
    }

    /// Below it lie the values of containers that are still open.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Step<NodeId> {
        if self.stack.len() <= self.floor() {
            return Err(shallow());
        }
        self.stack.pop().ok_or_else(shallow)
    }

    fn top(&self) -> Step<NodeId> {
        self.stack.get(self.floor()..).and_then(<[_]>::last).copied().ok_or_else(shallow)
    }

    fn marked(&mut self) -> Step<Vec<NodeId>> {
        let mark = self.marks.pop().ok_or_else(shallow)?;
        Ok(self.stack.split_off(mark))
    }

    fn extend(&mut self, items: Vec<NodeId>) -> Step<()> {
        let top = self.top()?;
        match &mut self.nodes[top.index()] {
            Node::List(list) | Node::Set(list) => list.extend(items),
            _ => return Err("it adds to something that is no list".to_owned()),
        }
        Ok(())
    }

    fn assign(&mut self, pairs: Vec<(NodeId, NodeId)>) -> Step<()> {
        let top = self.top()?;
        match &mut self.nodes[top.index()] {
            Node::Dict(dict) => dict.extend(pairs),
            _ => return Err("it assigns to something that is no dictionary".to_owned()),
        }
        Ok(())
    }

    fn keep(&mut self, index: u64) -> Step<()> {
        let top = self.top()?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn recall(&mut self, index: u64) -> Step<()> {
        let id = self.memo.get(&index).ok_or("it recalls what it did not keep")?;
        self.stack.push(*id);
        Ok(())
    }
}

fn cut() -> String {
    "it is cut off".to_owned()
}

fn shallow() -> String {
    "it takes more from its stack than is there".to_owned()
}

fn huge() -> String {
    "it has a whole number of more than 64 bits".to_owned()
}

fn known(module: &str, name: &str) -> Step<Known> {
    Known::named(module, name).ok_or_else(|| refused(module, name))
}

fn refused(module: &str, name: &str) -> String {
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(60).collect::<String>();
    format!(
        "it asks for `{}.{}`, and nothing of a pickle is run; save plain values and numpy arrays",
        short(module),
        short(name)
    )
}

fn paired(items: &[NodeId]) -> Step<Vec<(NodeId, NodeId)>> {
    if items.len().is_multiple_of(2) {
        Ok(items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
    } else {
        Err("a key without a value".to_owned())
    }
}

/// The bytes of a string as Python 2 writes it in protocol 0.
fn quoted(line: &str) -> Option<Vec<u8>> {
    let quote = line.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inside = line.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut bytes = Vec::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        let byte = match letter {
            '\\' => match letters.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'x' => {
                    let code: String = letters.by_ref().take(2).collect();
                    char::from(u8::from_str_radix(&code, 16).ok()?)
                }
                other => other,
            },
            other => other,
        };
        bytes.push(u8::try_from(u32::from(byte)).ok()?);
    }
    Some(bytes)
}

/// The text of a unicode string in protocol 0, whose rare letters are written `\u0394`.
fn escaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let digits = match rest.as_bytes().get(1) {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let code = rest.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        let known = code.and_then(char::from_u32).filter(|_| digits > 0);
        text.push(known.unwrap_or('\\'));
        rest = &rest[if known.is_some() { 2 + digits } else { 1 }..];
    }
    text + rest
}
