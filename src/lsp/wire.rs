use std::io;
use std::io::BufRead;
use std::io::Read as _;
use std::io::Write;

use lsp_server::ErrorCode;
use lsp_server::Message;
use serde_json::Value;
use serde_json::json;

/// What comes in over the wire.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message of the protocol.
    Message(Message),
    /// A frame that holds no such message: what is answered.
    Unreadable { code: ErrorCode, why: &'static str },
}

/// Reads one frame; `None` at the end of the stream.
///
/// # Errors
/// When the stream breaks, or a head leaves open where the next frame begins.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Incoming>> {
    let Some(length) = head(input)? else {
        return Ok(None);
    };
    if length > MOST_BYTES {
        io::copy(&mut input.take(length), &mut io::sink())?;
        return Ok(Some(Incoming::Unreadable {
            code: ErrorCode::InvalidRequest,
            why: "the message is larger than 64 MiB",
        }));
    }
    // Memory follows what arrives, not what the head promises.
    let mut body = Vec::new();
    input.take(length).read_to_end(&mut body)?;
    if u64::try_from(body.len()).unwrap_or(u64::MAX) < length {
        return Ok(None);
    }
    Ok(Some(message(&body)))
}

/// Writes one frame.
///
/// # Errors
/// When the client has gone.
pub(super) fn write(output: &mut impl Write, message: &Message) -> io::Result<()> {
    message.write(output)
}

/// Answers what could not be read: it has no number that an answer could name.
pub(super) fn write_unreadable(output: &mut impl Write, code: ErrorCode, why: &str) -> io::Result<()> {
    #[expect(
        clippy::as_conversions,
        reason = "the number of an error code is its discriminant"
    )]
    let code = code as i32;
    let answer = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": why } });
    let text = answer.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

/// The length that a head gives; `None` where the stream ends.
fn head(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    for number in 0..MOST_HEADERS {
        let mut line = Vec::new();
        let read = input.take(LONGEST_HEADER).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            if length.is_some() {
                return Ok(length);
            }
            // Blank lines between frames do no harm.
            if number == 0 {
                continue;
            }
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "a message without its length: `Content-Length` is missing or no number",
    ))
}

fn message(body: &[u8]) -> Incoming {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Incoming::Unreadable {
            code: ErrorCode::ParseError,
            why: "the message is not JSON",
        };
    };
    match serde_json::from_value(value) {
        Ok(message) => Incoming::Message(message),
        Err(_) => Incoming::Unreadable {
            code: ErrorCode::InvalidRequest,
            why: "the message is no request, notification or response",
        },
    }
}

const MOST_BYTES: u64 = 64 * 1024 * 1024;
const MOST_HEADERS: usize = 32;
const LONGEST_HEADER: u64 = 4 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn frame(body: &str) -> String {
        format!("Content-Length: {}\r\nContent-Type: x\r\n\r\n{body}", body.len())
    }

    fn all(wire: &str) -> Vec<String> {
        let mut input = Cursor::new(wire.as_bytes());
        let mut told = Vec::new();
        loop {
            match read(&mut input) {
                Ok(Some(Incoming::Message(Message::Request(request)))) => told.push(request.method),
                Ok(Some(Incoming::Message(Message::Notification(one)))) => told.push(one.method),
                Ok(Some(Incoming::Message(Message::Response(_)))) => told.push("response".to_owned()),
                Ok(Some(Incoming::Unreadable { why, .. })) => told.push(why.to_owned()),
                Ok(None) => return told,
                Err(error) => {
                    told.push(error.to_string());
                    return told;
                }
            }
        }
    }

    #[test]
    fn frames_are_read_and_bad_ones_are_passed_over() {
        let wire = [
            frame(r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#),
            frame("{not json"),
            frame("[1, 2]"),
            frame(r#"{"jsonrpc":"2.0","method":"exit"}"#),
        ]
        .concat();
        let told = all(&wire);
        assert_eq!(told[0], "initialize");
        assert_eq!(told[1], "the message is not JSON");
        assert!(told[2].contains("no request"));
        assert_eq!(told[3], "exit");
    }

    #[test]
    fn a_stream_that_breaks_off_ends() {
        for wire in ["", "Content-Length: 10\r\n", "Content-Length: 10\r\n\r\n{}"] {
            assert!(all(wire).is_empty(), "{wire}");
        }
        for wire in [
            "Nonsense\r\n\r\n{}",
            "Content-Length: x\r\n\r\n{}",
            "a\r\nb\r\n\r\n",
        ] {
            assert!(all(wire)[0].contains("Content-Length"), "{wire}");
        }
    }

    // A head may promise anything; nothing is reserved for it.
    #[test]
    fn a_huge_message_is_passed_over() {
        let huge = format!("Content-Length: {}\r\n\r\n{}", MOST_BYTES + 1, " ".repeat(64));
        assert_eq!(all(&huge), ["the message is larger than 64 MiB"]);
        let promised = format!("Content-Length: {}\r\n\r\n{{}}", u64::MAX);
        assert_eq!(all(&promised), ["the message is larger than 64 MiB"]);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mut wire = Vec::new();
        let message = lsp_server::Notification::new("سلام".to_owned(), json!({ "نص": 1 }));
        write(&mut wire, &message.into()).unwrap();
        write_unreadable(&mut wire, ErrorCode::ParseError, "why").unwrap();
        let wire = String::from_utf8(wire).unwrap();
        assert_eq!(all(&wire)[0], "سلام");
        assert!(wire.ends_with(r#""id":null,"jsonrpc":"2.0"}"#), "{wire}");
    }
}
