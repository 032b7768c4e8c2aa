use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::arguments::Common;
use super::failure::Failure;
use super::ready::Ready;

/// Where `dev` leaves word of where it listens, so that other commands find it.
pub(crate) struct Running {
    path: PathBuf,
}

impl Running {
    /// The note in the state folder of a policy folder.
    pub(crate) fn of(state: &Path) -> Self {
        Self {
            path: state.join("running.json"),
        }
    }

    /// Leaves word. The note holds a key of the sandbox, which opens nothing but this process.
    pub(crate) fn write(&self, ready: &Ready) -> io::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&self.path)?;
        file.write_all(ready.to_line().as_bytes())
    }

    /// Reads where `dev` listens.
    pub(crate) fn read(&self) -> Result<Ready, Failure> {
        let remedy = "start it in another terminal with `midflow dev`, or name its folder with --state DIR";
        let text = fs::read_to_string(&self.path)
            .map_err(|_| Failure::new("no `midflow dev` is running for this folder").remedy(remedy))?;
        serde_json::from_str(&text).map_err(|_| {
            Failure::new(format!("{} is damaged", self.path.display())).remedy("start `midflow dev` again")
        })
    }

    /// Takes the note away.
    pub(crate) fn remove(&self) {
        // Nobody is hurt by a note that stays: whoever follows it finds a closed port and says so.
        let _ = fs::remove_file(&self.path);
    }
}

/// Which `midflow dev` a command is about.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct DevState {
    /// The folder of a `midflow dev` that was started with --state; `var/dev` of the policy folder without it
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl DevState {
    /// Where it keeps its store, keys and note.
    pub(crate) fn folder(&self, common: &Common) -> PathBuf {
        self.state.clone().unwrap_or_else(|| state_folder(&common.dir))
    }

    /// Where it listens, if it runs.
    pub(crate) fn ready(&self, common: &Common) -> Result<Ready, Failure> {
        Running::of(&self.folder(common)).read()
    }
}

/// Makes the folder where a process that serves a sandbox keeps its state; nobody else may look into it.
pub(crate) fn make_state_folder(state: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(state);
    made.map_err(|error| {
        Failure::new(format!("can't make the folder {}: {error}", state.display()))
            .remedy("name a writable one with --state DIR")
    })
}

/// Where `dev` keeps its store, keys and note.
pub(crate) fn state_folder(folder: &Path) -> PathBuf {
    folder.join("var").join("dev")
}
