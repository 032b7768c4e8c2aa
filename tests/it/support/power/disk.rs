use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::support::dice::Dice;

/// Everything that was done to a disk, in order.
pub struct Disk {
    steps: Vec<Step>,
}

enum Step {
    Create {
        inode: u64,
        name: PathBuf,
    },
    Write {
        inode: u64,
        place: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        inode: u64,
        size: usize,
    },
    Sync {
        inode: u64,
    },
    Unlink {
        name: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    SyncFolder {
        folder: PathBuf,
    },
}

/// The disk at one moment of its history: what is safe, and what a cut may take.
#[derive(Default)]
struct Moment {
    files: Vec<File>,
    /// Which file an inode is now; numbers are given again.
    inodes: BTreeMap<u64, usize>,
    names: BTreeMap<PathBuf, usize>,
    pending: Vec<Naming>,
}

#[derive(Default)]
struct File {
    safe: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Size(usize),
}

#[derive(Clone)]
enum Naming {
    Create(PathBuf, usize),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl Disk {
    pub(super) fn read(mut journal: &[u8], folder: &Path) -> Self {
        let mut steps = Vec::new();
        let within = |bytes: &[u8]| {
            let path = PathBuf::from(String::from_utf8(bytes.to_vec()).unwrap());
            path.strip_prefix(folder).unwrap_or(Path::new("")).to_path_buf()
        };
        while let Some((head, rest)) = journal.split_first_chunk::<21>() {
            let inode = u64::from_le_bytes(head[1..9].try_into().unwrap());
            let place = usize::try_from(u64::from_le_bytes(head[9..17].try_into().unwrap())).unwrap();
            let size = usize::try_from(u32::from_le_bytes(head[17..].try_into().unwrap())).unwrap();
            // Regression: a process may end while one of its threads writes its last step down; that step was not told.
            let Some((bytes, rest)) = rest.split_at_checked(size) else {
                break;
            };
            journal = rest;
            steps.push(match head[0] {
                1 => Step::Create {
                    inode,
                    name: within(bytes),
                },
                2 => Step::Write {
                    inode,
                    place,
                    bytes: bytes.to_vec(),
                },
                3 => Step::Truncate { inode, size: place },
                4 => Step::Sync { inode },
                5 => Step::Unlink { name: within(bytes) },
                6 => {
                    let end = bytes.iter().position(|byte| *byte == 0).unwrap();
                    Step::Rename {
                        from: within(&bytes[..end]),
                        to: within(&bytes[end + 1..]),
                    }
                }
                7 => Step::SyncFolder {
                    folder: within(bytes),
                },
                other => panic!("the journal holds a step {other}"),
            });
        }
        Self { steps }
    }

    /// How many moments there are at which the power can be cut.
    pub fn moments(&self) -> usize {
        self.steps.len()
    }

    /// How many syncs there were.
    pub fn syncs(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| matches!(step, Step::Sync { .. }))
            .count()
    }

    /// Calls `look` after each of these cuts, the moments in rising order, with a folder that holds what was left and all
    /// that had been written by then into the file `told`, which stands for the world outside.
    pub fn cut(&self, moments: &[usize], told: &str, dice: &mut Dice, mut look: impl FnMut(&Path, &str)) {
        let mut moment = Moment::default();
        let mut done = 0;
        for &cut in moments {
            for step in &self.steps[done..cut] {
                moment.take(step);
            }
            done = cut;
            let folder = tempfile::tempdir().unwrap();
            moment.leave(folder.path(), dice);
            look(folder.path(), &moment.said(Path::new(told)));
        }
    }
}

impl Moment {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Create { inode, name } => {
                self.files.push(File::default());
                let file = self.files.len() - 1;
                self.inodes.insert(*inode, file);
                self.pending.push(Naming::Create(name.clone(), file));
            }
            Step::Write { inode, place, bytes } => {
                let change = Change::Write(*place, bytes.clone());
                self.file(*inode).pending.push(change);
            }
            Step::Truncate { inode, size } => self.file(*inode).pending.push(Change::Size(*size)),
            Step::Sync { inode } => {
                let file = self.file(*inode);
                for change in std::mem::take(&mut file.pending) {
                    change.make(&mut file.safe);
                }
            }
            Step::Unlink { name } => self.pending.push(Naming::Unlink(name.clone())),
            Step::Rename { from, to } => self.pending.push(Naming::Rename(from.clone(), to.clone())),
            Step::SyncFolder { folder } => {
                // A name in another folder may wait for its own sync, and in order.
                let (now, later): (Vec<Naming>, Vec<Naming>) = std::mem::take(&mut self.pending)
                    .into_iter()
                    .partition(|naming| naming.folder() == folder.as_path());
                self.pending = later;
                for naming in now {
                    naming.make(&mut self.names);
                }
            }
        }
    }

    /// A file that was there before the first step counts as empty.
    fn file(&mut self, inode: u64) -> &mut File {
        let next = self.files.len();
        let file = *self.inodes.entry(inode).or_insert(next);
        if file == next {
            self.files.push(File::default());
        }
        &mut self.files[file]
    }

    /// What the cut leaves: all that is safe, and of the rest whatever chance has brought to the disk, in any order and
    /// torn at the sectors.
    fn leave(&self, folder: &Path, dice: &mut Dice) {
        let mut names = self.names.clone();
        // Names are kept in order by every file system that keeps a journal of them.
        let kept = dice.below(self.pending.len() + 1);
        for naming in &self.pending[..kept] {
            naming.clone().make(&mut names);
        }
        // A cut that keeps nothing is the usual one; others keep some, or nearly all.
        let chance = [0, 0, 30, 90][dice.below(4)];
        for (name, file) in names {
            let file = &self.files[file];
            let mut content = file.safe.clone();
            for change in &file.pending {
                match change {
                    Change::Write(place, bytes) => {
                        for (at, sector) in bytes.chunks(SECTOR).enumerate() {
                            if dice.below(100) < chance {
                                Change::Write(place + at * SECTOR, sector.to_vec()).make(&mut content);
                            }
                        }
                    }
                    Change::Size(_) if dice.below(100) < chance => change.clone().make(&mut content),
                    Change::Size(_) => {}
                }
            }
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            // Secrets that others can read are refused.
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(&path, private).unwrap();
        }
    }

    /// All that was written into a file, synced or not.
    fn said(&self, name: &Path) -> String {
        let created = self.pending.iter().find_map(|naming| match naming {
            Naming::Create(created, file) if created == name => Some(*file),
            _ => None,
        });
        let Some(file) = created.or_else(|| self.names.get(name).copied()) else {
            return String::new();
        };
        let file = &self.files[file];
        let mut content = file.safe.clone();
        for change in &file.pending {
            change.clone().make(&mut content);
        }
        String::from_utf8(content).unwrap()
    }
}

impl Change {
    fn make(self, content: &mut Vec<u8>) {
        match self {
            Self::Write(place, bytes) => {
                let end = place + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[place..end].copy_from_slice(&bytes);
            }
            Self::Size(size) => content.resize(size, 0),
        }
    }
}

impl Naming {
    fn folder(&self) -> &Path {
        let (Self::Create(name, _) | Self::Unlink(name) | Self::Rename(_, name)) = self;
        name.parent().unwrap()
    }

    fn make(self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Create(name, file) => drop(names.insert(name, file)),
            Self::Unlink(name) => drop(names.remove(&name)),
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(&from) {
                    names.insert(to, file);
                }
            }
        }
    }
}

const SECTOR: usize = 512;
