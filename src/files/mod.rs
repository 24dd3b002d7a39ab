//! Every operation on files: what is written is flushed before it gets its name, and tests make any operation fail.
//!
//! ```text
//! replace(checkpoint, bytes)     .checkpoint.new-4711 ─write─sync→ ─rename→ checkpoint ─sync the folder→
//! ```
//!
//! A file under its final name is whole, whatever happens at whatever moment; a remnant has a name that begins with a
//! dot and is never read. Each function counts as one or more operations of [`fault`], in the order in which they are
//! done.

pub mod fault;
mod lock;
pub mod memory;
mod pending;

pub use lock::Lock;
pub use pending::{Pending, put_in_place};

use fault::{Kind, Verdict};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Opens a file to read it.
///
/// # Errors
/// Those of the system.
pub fn open(path: &Path) -> io::Result<File> {
    fault::check(Kind::Read)?;
    File::open(path)
}

/// Reads a whole file of at most so many bytes.
///
/// # Errors
/// Those of the system; `FileTooLarge` for a longer one.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let size = file.metadata()?.len();
    let too_large =
        || io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB", most >> 20));
    if size > most {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // A pipe has no size, and a file may grow while it is read.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

/// The names in a folder; those of folders end in `/`.
///
/// # Errors
/// Those of the system.
pub fn list(folder: &Path) -> io::Result<Vec<String>> {
    fault::check(Kind::Read)?;
    let one = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A link to a folder is a folder.
        let is_folder = fs::metadata(entry.path()).is_ok_and(|m| m.is_dir());
        Ok(if is_folder { format!("{name}/") } else { name })
    };
    fs::read_dir(folder)?.map(one).collect()
}

/// Makes a folder and those it lies in.
///
/// # Errors
/// Those of the system.
pub fn create_folders(folder: &Path) -> io::Result<()> {
    fault::check(Kind::Name)?;
    fs::create_dir_all(folder)
}

/// Makes a folder that must not be there yet.
///
/// # Errors
/// `AlreadyExists`, and those of the system.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    fault::check(Kind::Name)?;
    fs::create_dir(folder)
}

/// Makes a file that must not be there yet, to be written bit by bit under a temporary name.
///
/// # Errors
/// `AlreadyExists`, and those of the system.
pub fn create(path: &Path) -> io::Result<File> {
    fault::check(Kind::Name)?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Removes a file.
///
/// # Errors
/// Those of the system.
pub fn remove(path: &Path) -> io::Result<()> {
    fault::check(Kind::Name)?;
    fs::remove_file(path)
}

/// Writes a file that must not be there yet, down to the disk.
///
/// # Errors
/// `AlreadyExists`, and those of the system; then nothing is left of it.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_new_parts(path, &[bytes])
}

fn write_new_parts(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    fault::check(Kind::Name)?;
    // A link under this name is not followed.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = write_to(&mut file, path, parts);
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

fn write_to(file: &mut File, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    match fault::next(Kind::Write) {
        Verdict::Do => parts.iter().try_for_each(|bytes| file.write_all(bytes))?,
        Verdict::Drop => {}
        Verdict::Fail(error) => {
            parts.iter().try_for_each(|bytes| file.write_all(&bytes[..bytes.len() / 2]))?;
            return Err(error);
        }
    }
    match fault::next_unsynced(path) {
        Verdict::Do => file.sync_all(),
        Verdict::Drop => Ok(()),
        Verdict::Fail(error) => Err(error),
    }
}

/// Writes a file; one that is there keeps its content until the new one is whole.
///
/// # Errors
/// Those of the system; then the old file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_parts(path, &[bytes])
}

/// The same with content in parts, one behind the other.
///
/// # Errors
/// Those of the system; then the old file is as it was.
pub fn replace_parts(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    // Where a link stands its target is written, as an editor would.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if fs::metadata(&target).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        // A device or a pipe cannot be renamed over: `--out /dev/stdout`.
        fault::check(Kind::Write)?;
        return OpenOptions::new()
            .write(true)
            .open(&target)
            .and_then(|mut device| parts.iter().try_for_each(|bytes| device.write_all(bytes)));
    }
    let temporary = beside(&target, "new")?;
    let _ = fs::remove_file(&temporary);
    write_new_parts(&temporary, parts)?;
    if let Ok(old) = fs::metadata(&target) {
        let _ = fs::set_permissions(&temporary, old.permissions());
    }
    let renamed = rename(&temporary, &target);
    if renamed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    renamed
}

/// Gives a file or folder another name, down to the disk.
///
/// # Errors
/// Those of the system.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::check(Kind::Name)?;
    fs::rename(from, to)?;
    match to.parent() {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

/// Writes the names in a folder down to the disk.
///
/// # Errors
/// Those of the system.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match fault::next(Kind::Sync) {
        Verdict::Drop => return Ok(()),
        Verdict::Fail(error) => return Err(error),
        Verdict::Do => {}
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder).and_then(|f| f.sync_all()) {
        // Some file systems know no such thing.
        Err(e) if e.kind() == io::ErrorKind::InvalidInput || e.kind() == io::ErrorKind::PermissionDenied => {
            Ok(())
        }
        done => done,
    }
}

/// Removes a folder with everything in it.
///
/// # Errors
/// Those of the system.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    fault::check(Kind::Name)?;
    fs::remove_dir_all(folder)
}

/// `parent/.NAME.WORD-PROCESS`: a temporary name beside a file or folder.
///
/// # Errors
/// `InvalidInput` for a path that ends in no name.
pub fn beside(path: &Path, word: &str) -> io::Result<PathBuf> {
    let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path ends in no name");
    let name = path.file_name().ok_or_else(no_name)?.to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{word}-{}", std::process::id())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_is_whole_and_nothing_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a");
        for text in ["first", "the second"] {
            replace(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(list(place.path()).unwrap(), ["a"]);
        assert_eq!(write_new(&path, b"x").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a");
        replace(&path, &[0; 100]).unwrap();
        assert_eq!(read(&path, 100).unwrap().len(), 100);
        assert_eq!(read(&path, 99).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_under_a_new_name_is_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let (victim, link) = (place.path().join("victim"), place.path().join("link"));
        fs::write(&victim, "old").unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        assert!(write_new(&link, b"new").is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "old");
    }
}
