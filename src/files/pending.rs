//! A file or folder on its way to its name: written under another one beside it, renamed when it is whole.

use super::{beside, create, create_folder, remove, remove_folder, rename, sync_folder};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What is being written; dropped before it is whole, it leaves nothing.
#[derive(Debug)]
pub struct Pending {
    partial: PathBuf,
    path: PathBuf,
    is_folder: bool,
    is_whole: bool,
}

impl Pending {
    /// Starts a file.
    ///
    /// # Errors
    /// Those of the system.
    pub fn file(path: &Path) -> io::Result<(Pending, File)> {
        let partial = beside(path, "partial")?;
        let _ = remove(&partial);
        let file = create(&partial)?;
        Ok((Pending { partial, path: path.to_path_buf(), is_folder: false, is_whole: false }, file))
    }

    /// Starts a folder.
    ///
    /// # Errors
    /// Those of the system.
    pub fn folder(path: &Path) -> io::Result<Pending> {
        let partial = beside(path, "partial")?;
        create_folder(&partial)?;
        Ok(Pending { partial, path: path.to_path_buf(), is_folder: true, is_whole: false })
    }

    /// Where it lies so far.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives it its name, in place of what has that name.
    ///
    /// # Errors
    /// Those of the system; then what had the name has it still.
    pub fn finish(mut self) -> io::Result<()> {
        if self.is_folder {
            sync_folder(&self.partial)?;
            put_in_place(&self.partial, &self.path)?;
        } else {
            File::open(&self.partial)?.sync_all()?;
            rename(&self.partial, &self.path)?;
        }
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        match (self.is_whole, self.is_folder) {
            (true, _) => {}
            (false, true) => drop(remove_folder(&self.partial)),
            (false, false) => drop(remove(&self.partial)),
        }
    }
}

/// Gives a whole folder its name; an older one goes away only when the new one is in its place.
///
/// # Errors
/// Those of the system; then the older one has its name still.
pub fn put_in_place(whole: &Path, folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return rename(whole, folder);
    }
    let old = beside(folder, "replaced")?;
    if let Err(fault) = rename(folder, &old).and_then(|()| rename(whole, folder)) {
        // The old one gets its name back, unless the new one has it and only the disk has not said so.
        if !folder.exists() {
            let _ = rename(&old, folder);
        }
        return Err(fault);
    }
    // The new one is in its place; what is left of the old one has a name that is never read.
    let _ = remove_folder(&old);
    Ok(())
}
