use reqwest::Url;

use crate::words::Environment;

/// Whether an outcome notice may go to a URL (threat B-07): https to a listed host, or, in development alone,
/// plain http to this machine.
///
/// # Errors
/// Says what is wrong with the URL and how to mend it.
pub(crate) fn allowed(url: &str, hosts: &[String], environment: Environment) -> Result<(), String> {
    let parsed = Url::parse(url).map_err(|_| "is no URL; write https://host/path".to_owned())?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("holds a user name or password; the notice is signed instead".to_owned());
    }
    let host = parsed.host_str().unwrap_or_default();
    let with_port = parsed.port().map(|port| format!("{host}:{port}"));
    let listed = hosts
        .iter()
        .any(|entry| entry == host || Some(entry.as_str()) == with_port.as_deref());
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match parsed.scheme() {
        "https" if listed => Ok(()),
        "http" | "https" if loopback && environment == Environment::Development => Ok(()),
        "https" => Err(format!(
            "goes to `{host}`, which is not in `notify_hosts` of this node's configuration"
        )),
        _ => Err("must begin with https://".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Threat B-07: an e-service can't make this node call where it should not.
    #[test]
    fn only_listed_hosts_are_called() {
        let hosts = ["sp.example".to_owned(), "sp.example:8443".to_owned()];
        for good in [
            "https://sp.example/hook",
            "https://sp.example:8443/hook",
            "https://SP.example/",
        ] {
            assert_eq!(allowed(good, &hosts, Environment::Production), Ok(()), "{good}");
        }
        for bad in [
            "",
            "hook",
            "http://sp.example/",
            "https://sp.example.evil.example/",
            "https://evil.example/?sp.example",
            "https://user:pass@sp.example/",
            "https://169.254.169.254/latest",
            "https://0x7f.1/",
            "https://[::ffff:127.0.0.1]/",
            "https://2130706433/",
            "http://127.0.0.1/",
            "file:///etc/passwd",
            "https://sp.example:9999@evil.example/",
        ] {
            assert!(allowed(bad, &hosts, Environment::Production).is_err(), "{bad}");
        }
    }

    #[test]
    fn development_may_call_itself() {
        assert_eq!(
            allowed("http://127.0.0.1:9/x", &[], Environment::Development),
            Ok(())
        );
        assert!(allowed("http://127.0.0.1:9/x", &[], Environment::Test).is_err());
        assert!(allowed("http://10.0.0.1/x", &[], Environment::Development).is_err());
    }
}
