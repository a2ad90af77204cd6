//! The part of ONNX's file format that the encoder needs. Tags and codes are those of onnx.proto
//! (<https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>).

use prost::{Enumeration, Message, Oneof};

/// Version of the format, the one that introduced the operator set.
pub const IR_VERSION: i64 = 8;

/// Version of the operators' definitions.
pub const OPERATOR_SET: i64 = 17;

#[derive(Clone, PartialEq, Message)]
pub struct Model {
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    #[prost(string, tag = "2")]
    pub producer_name: String,
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
}

#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    /// Empty for ONNX's own operators.
    #[prost(string, tag = "1")]
    pub domain: String,
    #[prost(int64, tag = "2")]
    pub version: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// Nodes in topological order.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    #[prost(string, tag = "2")]
    pub name: String,
    /// The constants.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Node {
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    #[prost(string, tag = "4")]
    pub op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(int64, tag = "3")]
    pub int: i64,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    #[prost(enumeration = "AttributeType", tag = "20")]
    pub kind: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum AttributeType {
    Undefined = 0,
    Int = 2,
    Ints = 7,
}

#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    #[prost(enumeration = "DataType", tag = "2")]
    pub data_type: i32,
    #[prost(string, tag = "8")]
    pub name: String,
    /// Little-endian.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum DataType {
    Undefined = 0,
    Float = 1,
    Int64 = 7,
}

#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub kind: Option<ValueType>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ValueType {
    #[prost(message, optional, tag = "1")]
    pub tensor: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    #[prost(enumeration = "DataType", tag = "1")]
    pub element: i32,
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    #[prost(oneof = "Size", tags = "1, 2")]
    pub size: Option<Size>,
}

/// A number, or the name of a size that varies between calls.
#[derive(Clone, PartialEq, Oneof)]
pub enum Size {
    #[prost(int64, tag = "1")]
    Known(i64),
    #[prost(string, tag = "2")]
    Named(String),
}

impl Node {
    /// A node without attributes.
    pub fn new(operator: &str, inputs: &[&str], output: &str) -> Self {
        Self {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.to_owned()],
            op_type: operator.to_owned(),
            attribute: Vec::new(),
        }
    }

    /// The node with lists of integers as attributes.
    pub fn with(mut self, attributes: &[(&str, &[usize])]) -> Self {
        let attributes = attributes.iter().map(|(name, values)| Attribute {
            name: (*name).to_owned(),
            ints: values.iter().map(|&value| value as i64).collect(),
            kind: AttributeType::Ints.into(),
            ..Attribute::default()
        });
        self.attribute.extend(attributes);
        self
    }

    /// The node with an axis.
    pub fn with_axis(mut self, axis: i64) -> Self {
        self.attribute.push(Attribute {
            name: "axis".to_owned(),
            int: axis,
            kind: AttributeType::Int.into(),
            ..Attribute::default()
        });
        self
    }
}

impl Tensor {
    /// A constant of f32.
    pub fn f32(name: &str, shape: &[usize], values: &[f32]) -> Self {
        Self {
            dims: shape.iter().map(|&size| size as i64).collect(),
            data_type: DataType::Float.into(),
            name: name.to_owned(),
            raw_data: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        }
    }

    /// A list of integers.
    pub fn i64(name: &str, values: &[i64]) -> Self {
        Self {
            dims: vec![values.len() as i64],
            data_type: DataType::Int64.into(),
            name: name.to_owned(),
            raw_data: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        }
    }
}

impl ValueInfo {
    /// An input or output of f32. A size that isn't a number is a name.
    pub fn f32(name: &str, sizes: &[&str]) -> Self {
        let dim = sizes.iter().map(|size| Dimension {
            size: Some(
                size.parse()
                    .map_or_else(|_| Size::Named((*size).to_owned()), Size::Known),
            ),
        });
        let tensor = TensorType {
            element: DataType::Float.into(),
            shape: Some(Shape { dim: dim.collect() }),
        };
        Self {
            name: name.to_owned(),
            kind: Some(ValueType {
                tensor: Some(tensor),
            }),
        }
    }
}
