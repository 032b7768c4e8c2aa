use std::fs;
use std::io::BufRead as _;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
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
use crate::audit::recordable;
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
    /// Show what an act says, ask, and sign it
    Sign {
        /// The act
        act: PathBuf,
        /// Sign it without asking; for those who have read it
        #[arg(long)]
        yes: bool,
        /// The private key; `-` reads it from the standard input, such as from `age --decrypt`
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

impl ActCommand {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        match &self.what {
            What::Key { name, output } => make_key(name, output, common.format)?,
            What::Show { act } => output::print(&shown(&two::read(act)?, common.format)),
            What::Sign { act, key, yes } => sign(act, key, *yes, common.format)?,
        }
        Ok(Ending::Good)
    }
}

fn make_key(name: &str, path: &Path, format: Format) -> Result<(), Failure> {
    recordable("the name", name).map_err(Failure::new)?;
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

fn sign(path: &Path, key: &Path, yes: bool, format: Format) -> Result<(), Failure> {
    let key = read_key(key)?;
    // The file itself, wherever the name leads.
    let path = fs::canonicalize(path)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", path.display())))?;
    let read = two::read(&path)?;
    let until = read.stamp().until;
    if SystemClock.now() > until {
        return Err(
            Failure::new(format!("the act could be carried out until {until}"))
                .remedy("have it written anew, with --write-act and another file"),
        );
    }
    if !yes && !agrees(read.text(), key.verifier().name())? {
        return Err(Failure::new("it is not signed"));
    }
    let mut signed = read.clone();
    signed.sign(&key);
    replace(&path, &read, &signed)?;
    output::print(&match format {
        // It was shown with the question.
        Format::Text if !yes => names_under(&signed),
        Format::Text | Format::Json => shown(&signed, format),
    });
    Ok(())
}

/// Shows a person what they would sign, and asks; on the terminal, since the standard input may bring the key.
fn agrees(text: &str, name: &str) -> Result<bool, Failure> {
    let nobody = |_| {
        Failure::new("there is no terminal on which to ask")
            .remedy("read the act with `midflow act show`, then sign it with --yes")
    };
    let terminal = fs::File::options().read(true).write(true).open("/dev/tty");
    let mut terminal = std::io::BufReader::new(terminal.map_err(nobody)?);
    write!(terminal.get_mut(), "{text}\nSign this as {name}? [y/N] ").map_err(nobody)?;
    let mut answer = String::new();
    terminal.read_line(&mut answer).map_err(nobody)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
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
fn replace(path: &Path, read: &ActNote, signed: &ActNote) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("can't write {}: {error}", path.display()));
    let beside = path.with_added_extension(hex::encode(random::<8>().map_err(Failure::new)?));
    let before = fs::metadata(path).map_err(failed)?;
    let written = fs::File::create_new(&beside)
        .and_then(|mut file| {
            let now = file.metadata()?;
            if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
                // Whoever could read it before can read it then.
                std::os::unix::fs::fchown(&file, Some(before.uid()), Some(before.gid()))?;
            }
            file.set_permissions(before.permissions())?;
            file.write_all(signed.to_string().as_bytes())?;
            file.sync_all()
        })
        .map_err(failed)
        .and_then(|()| {
            if two::read(path)? != *read {
                return Err(Failure::new("somebody else has signed the act in this moment")
                    .remedy("do it again: one signs after the other"));
            }
            fs::rename(&beside, path).map_err(failed)
        });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn shown(act: &ActNote, format: Format) -> String {
    match format {
        Format::Json => json!({
            "act": act.text(), "until": act.stamp().until.to_string(), "names": act.names().collect::<Vec<_>>(),
        })
        .to_string(),
        Format::Text => format!("{}\n{}", act.text(), names_under(act)),
    }
}

fn names_under(act: &ActNote) -> String {
    let names: Vec<&str> = act.names().collect();
    if names.is_empty() {
        return "nobody has signed it".to_owned();
    }
    format!(
        "names under it: {} (whose signatures count is known where it is carried out)",
        names.join(", ")
    )
}

const OTHERS: u32 = 0o077;
