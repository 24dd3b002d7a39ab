//! The last word of a layer's line: a function applied to each output, or to all of them (`softmax`).

/// One entry of the table.
#[derive(Debug)]
pub struct Activation {
    /// `tanh`
    pub name: &'static str,
    /// What it computes.
    pub formula: &'static str,
}

/// Every activation. The checker builds them from the functions of the same names.
pub const ACTIVATIONS: &[Activation] = &[
    Activation { name: "tanh", formula: "tanh(x)" },
    Activation { name: "relu", formula: "max(x, 0)" },
    Activation { name: "leaky_relu", formula: "max(x, 0.01 x)" },
    Activation { name: "sigmoid", formula: "1/(1 + exp(-x))" },
    Activation { name: "softplus", formula: "log(1 + exp(x))" },
    Activation { name: "gelu", formula: "x * normal_cdf(x)" },
    Activation { name: "silu", formula: "x * sigmoid(x)" },
    Activation { name: "elu", formula: "max(x, 0) + expm1(min(x, 0))" },
    Activation { name: "softmax", formula: "exp(x) / sum(exp(x)), over the last axis" },
];

/// Looks an activation up by its exact name.
pub fn find_activation(name: &str) -> Option<&'static Activation> {
    ACTIVATIONS.iter().find(|a| a.name == name)
}
