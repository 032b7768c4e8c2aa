use std::fs;
use std::path::Path;

use crate::cli::failure::Failure;
use crate::sandbox::Cassette;
use crate::sandbox::CassetteTransport;
use crate::sandbox::Face;
use crate::sandbox::SandboxError;

/// Reads a cassette.
pub(crate) fn read(path: &Path) -> Result<Cassette, Failure> {
    let file = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::new(format!("can't read {file}: {error}"))
            .remedy("name a file that `midflow cassette record` wrote")
    })?;
    Cassette::parse(&text).map_err(|error| Failure::new(format!("{file}: {error}")))
}

/// Why the sandbox could not begin to play the cassette of a file.
pub(crate) fn not_played(file: &Path, error: SandboxError) -> Failure {
    match error {
        SandboxError::Cassette(why) => Failure::new(format!("{}: {why}", file.display())),
        busy @ SandboxError::Listen { .. } => {
            Failure::new(busy).remedy("give other ports with --port N, or --port 0 for free ones")
        }
        other => Failure::new(other),
    }
}

/// The face of the sandbox whose transport speaks to the one that was recorded.
pub(crate) fn face_of(cassette: &Cassette) -> Face {
    match cassette.transport {
        None | Some(CassetteTransport::Bridge) => Face::Bridge,
        Some(CassetteTransport::Soap) => Face::Soap,
        Some(CassetteTransport::Template) => Face::Template,
        Some(CassetteTransport::Gateway) => {
            let mut polled = cassette.messages.iter().filter(|message| message.polled);
            let is_stamped = |body: &str| body.contains("MIDAuthSignResponse");
            if polled.any(|message| message.body.as_deref().is_some_and(is_stamped)) {
                Face::Gateway
            } else {
                Face::GatewayUnstamped
            }
        }
    }
}
