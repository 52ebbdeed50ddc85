//! What numpy's calls in a pickle would have made, made without a call.

use super::machine::Machine;
use super::value::{Array, Kind, Known, Node, NodeId};

type Step<T> = Result<T, String>;

/// Indices of one array.
const AXES: usize = 8;

fn odd(what: &str) -> String {
    format!("{what} is not as numpy writes it")
}

impl Machine<'_> {
    fn tuple(&self, id: NodeId) -> Step<&[NodeId]> {
        match self.node(id) {
            Node::Tuple(items) => Ok(items),
            _ => Err(odd("a tuple")),
        }
    }

    fn size(&self, id: NodeId) -> Step<usize> {
        match self.node(id) {
            Node::Int(number) => usize::try_from(*number).map_err(|_| odd("a shape")),
            _ => Err(odd("a shape")),
        }
    }

    fn shape(&self, id: NodeId) -> Step<Vec<usize>> {
        let sizes = if let Node::Int(_) = self.node(id) {
            vec![self.size(id)?]
        } else {
            let axes = self.tuple(id)?;
            if axes.len() > AXES {
                return Err(format!("an array of more than {AXES} axes"));
            }
            axes.iter().map(|axis| self.size(*axis)).collect::<Step<_>>()?
        };
        let count = sizes.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
        count.map(|_| sizes).ok_or_else(|| odd("a shape"))
    }

    fn kind(&self, id: NodeId) -> Step<Kind> {
        match self.node(id) {
            Node::Kind(kind) => Ok(*kind),
            _ => Err(odd("a dtype")),
        }
    }

    /// What a call would make of a tuple of arguments.
    pub(super) fn call(&mut self, callee: NodeId, arguments: NodeId) -> Step<Node> {
        let Node::Known(known) = *self.node(callee) else {
            return Err("it calls something that is no name".to_owned());
        };
        let arguments = self.tuple(arguments)?.to_vec();
        match (known, arguments.as_slice()) {
            // An empty array, whose parts come with the next instruction.
            (Known::Reconstruct, [class, ..]) => {
                if !matches!(self.node(*class), Node::Known(Known::NdArray)) {
                    return Err(odd("an array"));
                }
                let kind = Kind { letter: b'b', size: 1, big: false };
                Ok(Node::Array(Array { shape: vec![0], kind, fortran: false, data: *class }))
            }
            (Known::FromBuffer, [data, kind, shape, order]) => {
                let fortran = match self.node(*order) {
                    Node::Text(order) if order == "C" => false,
                    Node::Text(order) if order == "F" => true,
                    _ => return Err(odd("the order of an array")),
                };
                self.array(self.shape(*shape)?, self.kind(*kind)?, fortran, *data)
            }
            (Known::Scalar, [kind, data]) => {
                let array = self.array(vec![1], self.kind(*kind)?, false, *data)?;
                let (Node::Array(array), Node::Bytes(bytes)) = (&array, self.node(*data)) else {
                    return Err(odd("a number"));
                };
                let number = array.kind.number(bytes).ok_or_else(|| odd("a number"))?;
                Ok(Node::Float(number))
            }
            (Known::DType, [name, ..]) => match self.node(*name) {
                Node::Text(name) => Ok(Node::Kind(Kind::parse(name)?)),
                Node::Bytes(name) => Ok(Node::Kind(Kind::parse(&String::from_utf8_lossy(name))?)),
                _ => Err(odd("a dtype")),
            },
            (Known::Encode, [text, ..]) => {
                let Node::Text(text) = self.node(*text) else { return Err(odd("bytes")) };
                let bytes: Option<Vec<u8>> =
                    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
                let bytes = bytes.ok_or_else(|| odd("bytes"))?;
                self.count(bytes.len())?;
                Ok(Node::Bytes(bytes))
            }
            (Known::Bytes, []) => Ok(Node::Bytes(Vec::new())),
            (Known::Bytes, [data, ..]) => match self.node(*data) {
                Node::Bytes(bytes) => {
                    let bytes = bytes.clone();
                    self.count(bytes.len())?;
                    Ok(Node::Bytes(bytes))
                }
                _ => Err(odd("bytes")),
            },
            (Known::Set, [items]) => match self.node(*items) {
                Node::List(items) | Node::Tuple(items) => {
                    let items = items.clone();
                    self.count(items.len() * size_of::<NodeId>())?;
                    Ok(Node::Set(items))
                }
                _ => Err(odd("a set")),
            },
            _ => Err(odd("a call")),
        }
    }

    /// Counts bytes that a call made of what was already there, so that a loop of calls over one
    /// large value cannot fill the memory.
    fn count(&mut self, bytes: usize) -> Step<()> {
        let left = self.made.checked_sub(bytes as u64);
        self.made = left.ok_or("it copies its values again and again")?;
        Ok(())
    }

    /// Fills in the parts of an array or a dtype.
    pub(super) fn build(&mut self, object: NodeId, state: NodeId) -> Step<()> {
        let state = self.tuple(state)?.to_vec();
        let built = match (self.node(object), state.as_slice()) {
            (Node::Array(_), [_version, shape, kind, fortran, data]) => {
                let Node::Bool(fortran) = *self.node(*fortran) else {
                    return Err(odd("the order of an array"));
                };
                self.array(self.shape(*shape)?, self.kind(*kind)?, fortran, *data)?
            }
            (Node::Kind(kind), [_version, order, ..]) => {
                let big = match self.node(*order) {
                    Node::Text(order) => order == ">",
                    Node::Bytes(order) => order == b">",
                    _ => return Err(odd("a dtype")),
                };
                Node::Kind(Kind { big, ..*kind })
            }
            (Node::Array(_) | Node::Kind(_), _) => return Err(odd("an array")),
            _ => return Err("it fills in an object of a class".to_owned()),
        };
        self.nodes[object.index()] = built;
        Ok(())
    }

    /// An array whose data has the size that its shape says.
    fn array(&self, shape: Vec<usize>, kind: Kind, fortran: bool, data: NodeId) -> Step<Node> {
        let count = shape.iter().product::<usize>();
        let found = match (self.node(data), kind.letter) {
            (Node::List(items), b'O') => items.len(),
            (Node::Bytes(bytes), letter) if letter != b'O' => {
                if count.checked_mul(kind.size) != Some(bytes.len()) {
                    return Err(format!("an array of {shape:?} has {} bytes of data", bytes.len()));
                }
                count
            }
            _ => return Err(odd("the data of an array")),
        };
        if found != count {
            return Err(format!("an array of {shape:?} has {found} items"));
        }
        Ok(Node::Array(Array { shape, kind, fortran, data }))
    }
}

impl Kind {
    /// Reads a dtype such as `f4`, `<i8` or `U12`.
    fn parse(text: &str) -> Step<Self> {
        let unknown = || {
            let short: String = text.chars().take(20).collect();
            format!("it has an array of dtype `{short}`; save numbers or texts")
        };
        let big = text.starts_with('>');
        let name = text.trim_start_matches(['<', '>', '|', '=']);
        let letter = *name.as_bytes().first().ok_or_else(unknown)?;
        let digits = name.get(1..).ok_or_else(unknown)?;
        let count: usize = digits.parse().map_err(|_| unknown())?;
        let size = match (letter, count) {
            (b'f', 2 | 4 | 8)
            | (b'i' | b'u', 1 | 2 | 4 | 8)
            | (b'b', 1)
            | (b'O', 4 | 8)
            | (b'S', 1..=0x10_0000) => count,
            (b'U', 1..=0x10_0000) => count * 4,
            _ => return Err(unknown()),
        };
        Ok(Self { letter, size, big })
    }
}
