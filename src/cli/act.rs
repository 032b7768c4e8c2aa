use std::fs;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use zeroize::Zeroizing;

use super::arguments::Common;
use super::arguments::Format;
use super::evidence::write_new;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::two;
use crate::audit::ActNote;
use crate::audit::log::LogKey;
use crate::audit::log::read_private;
use crate::audit::log::write_private;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::engine::random;

/// `midflow act`: what administrators sign, on machines of their own; it needs nothing of the node.
#[derive(Debug, clap::Args)]
pub(crate) struct ActCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make the key of an administrator, and print its public half for `administrators` of the configuration
    Key {
        /// Who it is, one word such as aisha.salem; it stands in the log for ever
        name: String,
        /// Where the private key goes; the file must not be there yet
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Show what an act says, and whose names stand under it; signatures are verified where it is carried out
    Show {
        /// The act
        act: PathBuf,
    },
    /// Show what an act says, and sign it
    Sign {
        /// The act
        act: PathBuf,
        /// The private key; `-` reads it from the standard input, such as from `age --decrypt`
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

impl ActCommand {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        match &self.what {
            What::Key { name, output } => make_key(name, output, common.format)?,
            What::Show { act } => print(&two::read(act)?, common.format),
            What::Sign { act, key } => sign(act, key, common.format)?,
        }
        Ok(Ending::Good)
    }
}

fn make_key(name: &str, path: &Path, format: Format) -> Result<(), Failure> {
    let seed = Zeroizing::new(random::<32>().map_err(Failure::new)?);
    let (text, key) = write_private(name, &seed).map_err(Failure::new)?;
    write_new(path, text.as_bytes())?;
    output::print(&match format {
        Format::Json => json!({ "key": key.written(), "wrote": path }).to_string(),
        Format::Text => format!(
            "wrote {}; keep it where nobody else reads it\nadministrators: [ \"{}\" ]",
            path.display(),
            key.written()
        ),
    });
    Ok(())
}

fn sign(path: &Path, key: &Path, format: Format) -> Result<(), Failure> {
    let key = read_key(key)?;
    let mut act = two::read(path)?;
    let until = act.stamp().until;
    if SystemClock.now() > until {
        return Err(
            Failure::new(format!("the act could be carried out until {until}"))
                .remedy("have it written anew: remove the file, and run the command that wrote it"),
        );
    }
    act.sign(&key);
    replace(path, act.to_string().as_bytes())?;
    print(&act, format);
    Ok(())
}

fn read_key(path: &Path) -> Result<LogKey, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("can't read the key {}: {error}", path.display()));
    let mut text = Zeroizing::new(String::new());
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map_err(failed)?;
    } else {
        let mut file = fs::File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(
                Failure::new(format!("the key {} can be read by others", path.display()))
                    .remedy("run `chmod 600` on it, and replace it if it has leaked"),
            );
        }
        file.read_to_string(&mut text).map_err(failed)?;
    }
    read_private(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// All or nothing: an act that is half written would have to be signed again by all.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let beside = path.with_extension("new");
    let failed = |error: std::io::Error| Failure::new(format!("can't write {}: {error}", path.display()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

fn print(act: &ActNote, format: Format) {
    let names: Vec<&str> = act.names().collect();
    output::print(&match format {
        Format::Json => json!({
            "act": act.text(), "until": act.stamp().until.to_string(), "signed_by": names,
        })
        .to_string(),
        Format::Text if names.is_empty() => format!("{}\nnobody has signed it", act.text()),
        Format::Text => format!("{}\nsigned by {}", act.text(), names.join(", ")),
    });
}

const OTHERS: u32 = 0o077;
