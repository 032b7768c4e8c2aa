use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::Identity;
use super::KeysError;
use crate::words::Timestamp;

/// The folder of the keys: readable by its owner alone.
pub(super) struct KeyFolder {
    path: PathBuf,
}

impl KeyFolder {
    /// Opens the folder and makes it if needed. What another version of this layout wrote is cleared away.
    pub(super) fn open(path: &Path, seed: Option<u64>) -> Result<Self, KeysError> {
        let folder = Self {
            path: path.to_path_buf(),
        };
        folder.make(path)?;
        folder.make(&path.join(CITIZENS))?;
        // Keys of another seed, or of none, are of no use here.
        let layout = match seed {
            Some(seed) => format!("{LAYOUT}seed {seed}\n"),
            None => LAYOUT.to_owned(),
        };
        if folder.read(LAYOUT_FILE)?.as_deref() != Some(&layout) {
            folder.clear()?;
            folder.write(LAYOUT_FILE, &layout)?;
        }
        Ok(folder)
    }

    /// The identity in a file, if it is whole and stays valid for a while.
    pub(super) fn load(&self, name: &str, needed_until: Timestamp) -> Result<Option<Identity>, KeysError> {
        let identity = self.read(name)?.as_deref().and_then(Identity::parse);
        Ok(identity.filter(|found| found.ends_at().is_some_and(|end| end > needed_until)))
    }

    /// As [`KeyFolder::load`], for certificates whose validity is meant to have ended.
    pub(super) fn load_whatever_its_age(&self, name: &str) -> Result<Option<Identity>, KeysError> {
        Ok(self.read(name)?.as_deref().and_then(Identity::parse))
    }

    pub(super) fn save(&self, name: &str, identity: &Identity) -> Result<(), KeysError> {
        self.write(name, &identity.pem())
    }

    /// Removes every identity: they hang on an authority that is gone.
    pub(super) fn clear(&self) -> Result<(), KeysError> {
        for folder in [self.path.join(CITIZENS), self.path.clone()] {
            let entries = fs::read_dir(&folder).map_err(|fault| unusable(&folder, fault))?;
            for entry in entries.flatten() {
                let path = entry.path();
                if path.extension().is_some_and(|ending| ending == "pem") {
                    fs::remove_file(&path).map_err(|fault| unusable(&path, fault))?;
                }
            }
        }
        Ok(())
    }

    /// Writes for others to read by path: a file that holds no key.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), KeysError> {
        let path = self.path.join(name);
        let half_done = self.path.join(format!("{name}.new"));
        // A file left behind by a crash could have a wider mode; `create_new` never reuses it.
        match fs::remove_file(&half_done) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
                return Err(unusable(&half_done, fault));
            }
            _ => {}
        }
        let written = private_file(&half_done).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|fault| unusable(&half_done, fault))?;
        fs::rename(&half_done, &path).map_err(|fault| unusable(&path, fault))
    }

    fn read(&self, name: &str) -> Result<Option<String>, KeysError> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(unusable(&path, fault)),
        }
    }

    fn make(&self, path: &Path) -> Result<(), KeysError> {
        make_private_folder(path).map_err(|fault| unusable(path, fault))
    }
}

fn unusable(path: &Path, fault: io::Error) -> KeysError {
    KeysError::Folder {
        path: path.to_path_buf(),
        fault,
    }
}

#[cfg(unix)]
fn make_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    use std::os::unix::fs::PermissionsExt;

    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // A folder that was there before gets the same mode.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;

    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}

/// The folder of the citizens' certificates, below that of the keys.
pub(super) const CITIZENS: &str = "citizens";
const LAYOUT_FILE: &str = "layout";
/// Changes whenever the shape of the certificates changes, so that old ones are made anew.
const LAYOUT: &str = "midflow sandbox keys 1\n";
