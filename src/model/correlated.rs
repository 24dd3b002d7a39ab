//! Which unknowns `correlate = [f.3]` names.
//!
//! ```text
//! f.3.w    that tensor                 f.3    the weights of that layer        f    those of the whole net
//! ```
//!
//! A net or a layer stands for what its rows are multiplied by and added to; a scale of theirs is taken only by its own
//! name, because a scale that correlates with nothing may be integrated out.

use super::{Model, Role, SettingValue, Treatment, Unknown, UnknownId};

impl Model {
    /// The names as written.
    pub fn correlate(&self) -> &[String] {
        match self.setting("correlate") {
            Some(SettingValue::Words(names)) => names,
            _ => &[],
        }
    }

    /// The random unknowns that are named, each once.
    pub fn correlated(&self) -> Vec<UnknownId> {
        let is_named = |u: &Unknown| self.correlate().iter().any(|name| stands_for(name, u));
        let all = (0..).map(UnknownId).zip(&self.unknowns);
        all.filter(|(_, u)| u.treatment == Treatment::Random && is_named(u)).map(|(id, _)| id).collect()
    }
}

/// Whether a name is that of an unknown, or of the net or layer that it is a tensor of.
pub fn stands_for(name: &str, unknown: &Unknown) -> bool {
    let is_within = unknown.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    let is_scale = matches!(&unknown.role, Role::Net { tensor, .. } if tensor != "w" && tensor != "b")
        && unknown.bijection.name == "exp";
    unknown.name == name || is_within && !is_scale
}
