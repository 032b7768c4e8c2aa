use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::arguments::Format;

/// Makes a panic tell where it happened and nothing else: its message could hold what a person typed (law 13).
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("error: a fault inside midflow at {place}; please report it");
    }));
}

/// Sends the log to standard error: what `MIDFLOW_LOG` asks for, `warn` without it. Results go to standard
/// output, so the two never mix.
pub(crate) fn start(format: Format) {
    start_with(format, "warn");
}

/// The same, with these lines beside the warnings.
pub(crate) fn start_telling(format: Format, also: &str) {
    start_with(format, &format!("warn,{also}"));
}

fn start_with(format: Format, usual: &str) {
    let filter = EnvFilter::try_from_env("MIDFLOW_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let builder = fmt()
        .with_env_filter(filter)
        .with_ansi(
            std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        )
        .with_writer(std::io::stderr);
    // A second start, as in tests, changes nothing.
    let _ = match format {
        Format::Text => builder.with_target(false).try_init(),
        Format::Json => builder.json().try_init(),
    };
}
