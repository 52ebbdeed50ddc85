//! The values of a pickle, by number.

/// The number of a value. Four bytes, since there are at most as many values as steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(u32);

impl NodeId {
    pub(super) fn new(index: usize) -> Option<Self> {
        u32::try_from(index).ok().map(Self)
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A value whose parts are others.
#[derive(Debug)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<NodeId>),
    Tuple(Vec<NodeId>),
    Set(Vec<NodeId>),
    Dict(Vec<(NodeId, NodeId)>),
    Known(Known),
    Kind(Kind),
    Array(Array),
}

/// What a pickle may name of Python. None of it is called; what the call would make is made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Reconstruct,
    FromBuffer,
    Scalar,
    NdArray,
    DType,
    Encode,
    Bytes,
    Set,
}

/// A numpy dtype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// `f`, `i`, `u`, `b`, `O`, `S` or `U`.
    pub(super) letter: u8,
    /// Bytes of one element.
    pub(super) size: usize,
    /// Whether the highest byte comes first.
    pub(super) big: bool,
}

/// A numpy array; its data is another value, shared and never copied.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) kind: Kind,
    /// Whether the first index runs fastest.
    pub(super) fortran: bool,
    pub(super) data: NodeId,
}

impl Known {
    /// What a name of a module stands for; `None` for all that is not data.
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
                Some(Self::Reconstruct)
            }
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Some(Self::FromBuffer),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Some(Self::Scalar),
            ("numpy", "ndarray") => Some(Self::NdArray),
            ("numpy", "dtype") => Some(Self::DType),
            ("_codecs", "encode") => Some(Self::Encode),
            ("builtins" | "__builtin__", "bytes" | "bytearray") => Some(Self::Bytes),
            ("builtins" | "__builtin__", "set" | "frozenset") => Some(Self::Set),
            _ => None,
        }
    }
}
