//! A checkpoint: one file, a line of JSON that says what fit it is of, then the state of that fit.
//!
//! ```text
//! {"format":2,"bnnc":"0.1.0","seconds":73.1,…,"state_bytes":81920,"state_sha256":"9f…"}
//! <81920 bytes>
//! ```
//!
//! The file is replaced as a whole and the one before it is kept under another name, so that a disk that lost what it
//! said it had written costs one checkpoint. The state is the business of `infer`; here it is bytes with a checksum.

use super::error::Fault;
use super::manifest::{Manifest, sha256};
use crate::files;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// Version of checkpoints; that of another program is not read, because a state has no meaning but to the program that
/// wrote it.
pub const CHECKPOINT_FORMAT: u32 = 2;
const NAMES: [&str; 2] = ["checkpoint", "checkpoint.before"];
/// A header is options and names; more than this is none.
const LONGEST_HEADER: usize = 16 << 20;
/// No state that a machine can hold is larger.
const LARGEST: u64 = 1 << 36;

/// What fit a checkpoint is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`CHECKPOINT_FORMAT`]
    pub format: u32,
    /// Version of the program that wrote it.
    pub bnnc: String,
    /// What is known of the fit before its first step: two fits that agree in it give the same bits.
    pub identity: Manifest,
    /// What the command line said beside the model.
    pub options: Value,
    /// The command that began it.
    pub command: String,
    /// The command that goes on.
    pub resume: String,
    /// Whether a run in its place is to be replaced.
    pub force: bool,
    /// When the fit began.
    pub started: String,
    /// Seconds that the fit has taken.
    pub seconds: f64,
    /// How often it was taken up again.
    pub resumed: u32,
    /// Length and SHA-256 of the state that follows.
    pub state_bytes: u64,
    /// In hexadecimal.
    pub state_sha256: String,
}

/// What a folder keeps of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Which fit.
    pub header: Header,
    /// How far; empty before its first step.
    pub state: Vec<u8>,
    /// Why the latest one could not be read, if this is the one before it.
    pub lost: Option<String>,
}

/// Writes a checkpoint in place of the one before.
pub(super) fn write(folder: &Path, header: &Header, state: &[u8]) -> Result<(), Fault> {
    let header = Header { state_bytes: state.len() as u64, state_sha256: sha256(state), ..header.clone() };
    let mut first = serde_json::to_vec(&header).map_err(|e| Fault::damaged(NAMES[0], e.to_string()))?;
    first.push(b'\n');
    let [path, before] = NAMES.map(|n| folder.join(n));
    let failed = |e: std::io::Error| Fault::system("write", &path, &e);
    if path.exists() {
        files::rename(&path, &before).map_err(failed)?;
    }
    files::replace_parts(&path, &[&first, state]).map_err(failed)
}

/// Reads the latest checkpoint that is whole; none if there is none.
pub(super) fn read(folder: &Path) -> Result<Option<Checkpoint>, Fault> {
    let mut lost = None;
    for name in NAMES {
        if !folder.join(name).is_file() {
            continue;
        }
        match read_one(folder, name) {
            Ok((header, state)) => {
                return Ok(Some(Checkpoint { header, state, lost: lost.map(|f: Fault| f.to_string()) }));
            }
            // Which program may read it is no damage.
            Err(fault @ Fault::OtherCheckpoint { .. }) => return Err(fault),
            Err(fault) => lost = lost.or(Some(fault)),
        }
    }
    lost.map_or(Ok(None), Err)
}

fn read_one(folder: &Path, name: &str) -> Result<(Header, Vec<u8>), Fault> {
    let path = folder.join(name);
    let mut bytes = files::read(&path, LARGEST).map_err(|e| Fault::system("read", &path, &e))?;
    let end = bytes.iter().take(LONGEST_HEADER).position(|b| *b == b'\n');
    let end = end.ok_or_else(|| Fault::damaged(name, "it has no header"))?;
    let value: Value =
        serde_json::from_slice(&bytes[..end]).map_err(|e| Fault::damaged(name, e.to_string()))?;
    let format = value.get("format").and_then(Value::as_u64);
    let program = value.get("bnnc").and_then(Value::as_str).unwrap_or_default();
    if format.is_some_and(|f| f != u64::from(CHECKPOINT_FORMAT)) || program != env!("CARGO_PKG_VERSION") {
        let found = format!("{program} (format {})", format.unwrap_or(0));
        return Err(Fault::OtherCheckpoint { found });
    }
    let header: Header = serde_json::from_value(value).map_err(|e| Fault::damaged(name, e.to_string()))?;
    bytes.drain(..=end);
    if bytes.len() as u64 != header.state_bytes {
        let why = format!("it should hold {} bytes of state and holds {}", header.state_bytes, bytes.len());
        return Err(Fault::damaged(name, why));
    }
    if sha256(&bytes) != header.state_sha256 {
        return Err(Fault::damaged(name, "its checksum is not that of its state"));
    }
    Ok((header, bytes))
}

/// What keeps a fit from going on from a checkpoint, in words: the first thing in which they differ.
pub fn difference(kept: &Manifest, now: &Manifest) -> Option<String> {
    if kept.model_sha256 != now.model_sha256 {
        return Some("the model's text has changed".to_owned());
    }
    if kept.data.fingerprint != now.data.fingerprint {
        return Some(format!("the data in {} have changed", now.data.source));
    }
    let pairs = [
        ("option", &kept.options, &now.options),
        ("constant", &kept.constants, &now.constants),
        ("choice", &kept.choices, &now.choices),
        ("split", &kept.data.splits, &now.data.splits),
    ];
    for (what, kept, now) in pairs {
        let names = kept.keys().chain(now.keys());
        if let Some(name) = names.into_iter().find(|n| kept.get(*n) != now.get(*n)) {
            let said = |v: Option<&Value>| match v {
                Some(Value::String(text)) => text.clone(),
                // Options are kept as reals: a seed of 2 is no 2.0 to its user.
                Some(Value::Number(n)) => n.as_f64().map_or_else(|| n.to_string(), |x| x.to_string()),
                Some(value) => value.to_string(),
                None => "not given".to_owned(),
            };
            return Some(format!(
                "{what} `{name}` was {} and is {}",
                said(kept.get(name)),
                said(now.get(name))
            ));
        }
    }
    if kept.seed != now.seed {
        return Some(format!("the seed was {} and is {}", kept.seed, now.seed));
    }
    (kept.dimensions != now.dimensions || kept.variables != now.variables)
        .then(|| "the model's unknowns are others".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_of_another_program_is_refused_by_name_and_not_taken_for_damaged() {
        let header = Header {
            format: CHECKPOINT_FORMAT,
            bnnc: env!("CARGO_PKG_VERSION").to_owned(),
            identity: Manifest::default(),
            options: Value::Null,
            command: "bnnc fit a.bnn".to_owned(),
            resume: "bnnc fit a.bnn --resume a".to_owned(),
            force: false,
            started: String::new(),
            seconds: 1.0,
            resumed: 0,
            state_bytes: 0,
            state_sha256: String::new(),
        };
        let place = tempfile::tempdir().unwrap();
        write(place.path(), &header, b"state").unwrap();
        assert_eq!(read(place.path()).unwrap().unwrap().state, b"state");
        let others = [
            Header { format: CHECKPOINT_FORMAT - 1, ..header.clone() },
            Header { bnnc: "0.0.1".to_owned(), ..header },
        ];
        for other in others {
            write(place.path(), &other, b"state").unwrap();
            let fault = read(place.path()).unwrap_err();
            let said = fault.to_string();
            assert!(matches!(fault, Fault::OtherCheckpoint { .. }), "{said}");
            assert!(said.contains(&format!("{} (format {})", other.bnnc, other.format)), "{said}");
            assert!(said.contains(&format!("(format {CHECKPOINT_FORMAT})")), "{said}");
        }
    }
}
