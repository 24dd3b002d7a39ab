//! Layers and activations in the reference page `docs/functions.md`.

use super::{ACTIVATIONS, ALL};

/// The part of the reference page on layers and activations.
pub fn reference() -> String {
    let mut text = String::from("| layer | written | |\n|---|---|---|\n");
    for layer in ALL {
        let usage = layer.usage.replace('|', "\\|");
        text += &format!("| {} | `{usage}` | {} |\n", layer.name, layer.page.replace('\n', " "));
    }
    text += "\n| activation | y |\n|---|---|\n";
    for activation in ACTIVATIONS {
        text += &format!("| {} | `{}` |\n", activation.name, activation.formula.replace('|', "\\|"));
    }
    text
}
