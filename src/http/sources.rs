use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Who may call the callback listener (R000-065): the authority's addresses, as its letter names them.
///
/// What stands in `X-Forwarded-For` counts only where a proxy of ours wrote it: the last address that is none of a proxy's
/// is the caller, and whatever a caller has put before it means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackSources {
    allowed: Option<Vec<IpNet>>,
    proxies: Vec<IpNet>,
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no network; write an address such as 192.0.2.7, or a network such as 192.0.2.0/24")]
pub struct NetworkError(String);

impl CallbackSources {
    /// Anybody: for a node whose firewall does this, and for development.
    pub fn any() -> Self {
        Self::default()
    }

    /// Only these networks, seen through these proxies. An address is a network of its own.
    ///
    /// # Errors
    /// Names the first text that is no network.
    pub fn only<'t>(
        allowed: impl IntoIterator<Item = &'t str>,
        proxies: impl IntoIterator<Item = &'t str>,
    ) -> Result<Self, NetworkError> {
        Ok(Self {
            allowed: Some(allowed.into_iter().map(network).collect::<Result<_, _>>()?),
            proxies: proxies.into_iter().map(network).collect::<Result<_, _>>()?,
        })
    }

    /// Who calls, and whether they may.
    pub(super) fn judge(&self, peer: IpAddr, headers: &HeaderMap) -> (IpAddr, bool) {
        let caller = self.caller(peer, headers);
        let may = self
            .allowed
            .as_ref()
            .is_none_or(|networks| caller.is_some_and(|caller| holds(networks, caller)));
        (caller.unwrap_or(peer), may)
    }

    /// The caller behind our proxies; `None` if one of them wrote no address that can be read.
    fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !holds(&self.proxies, peer) {
            return Some(peer);
        }
        let forwarded: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or(UNREADABLE).split(','))
            .map(str::trim)
            .collect();
        for address in forwarded.into_iter().rev() {
            let address = address.parse::<IpAddr>().ok()?.to_canonical();
            if !holds(&self.proxies, address) {
                return Some(address);
            }
        }
        // Nobody stands behind the proxies: one of them asks for itself, as for a check of health.
        Some(peer)
    }
}

fn holds(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

fn network(text: &str) -> Result<IpNet, NetworkError> {
    let address = text
        .parse::<IpAddr>()
        .map(|address| IpNet::from(address.to_canonical()));
    address
        .or_else(|_| text.parse::<IpNet>())
        .map(|network| network.trunc())
        .map_err(|_| NetworkError(text.to_owned()))
}

const FORWARDED_FOR: &str = "x-forwarded-for";
/// Stands for a value that is no text: no address, so nobody.
const UNREADABLE: &str = "?";

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(sources: &CallbackSources, peer: &str, forwarded: &[&str]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let (caller, may) = sources.judge(peer.parse().unwrap(), &headers);
        (caller.to_string(), may)
    }

    // R000-065: the authority's addresses and no others.
    #[test]
    fn only_the_named_networks_may_call() {
        let sources = CallbackSources::only(["192.0.2.7", "198.51.100.0/24", "2001:db8::/32"], []).unwrap();
        for (peer, may) in [
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("198.51.100.200", true),
            ("198.51.101.1", false),
            ("::ffff:192.0.2.7", true),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(judge(&sources, peer, &[]).1, may, "{peer}");
        }
        assert!(judge(&CallbackSources::any(), "203.0.113.9", &[]).1);
        assert!(!judge(&CallbackSources::only([], []).unwrap(), "192.0.2.7", &[]).1);
    }

    // R000-065: a caller can't put itself into the list by a header.
    #[test]
    fn a_forwarded_address_counts_only_from_a_proxy_of_ours() {
        let sources = CallbackSources::only(["192.0.2.7"], ["10.0.0.0/8"]).unwrap();
        assert_eq!(
            judge(&sources, "203.0.113.9", &["192.0.2.7"]),
            ("203.0.113.9".to_owned(), false)
        );
        assert_eq!(
            judge(&sources, "10.1.1.1", &["192.0.2.7"]),
            ("192.0.2.7".to_owned(), true)
        );
        // What the caller wrote stands first, and what our proxy saw stands last.
        assert_eq!(
            judge(&sources, "10.1.1.1", &["192.0.2.7, 203.0.113.9"]),
            ("203.0.113.9".to_owned(), false)
        );
        assert_eq!(
            judge(&sources, "10.1.1.1", &["192.0.2.7", "203.0.113.9, 10.2.2.2"]),
            ("203.0.113.9".to_owned(), false)
        );
        assert_eq!(
            judge(&sources, "10.1.1.1", &["198.51.100.1, 192.0.2.7, 10.2.2.2"]),
            ("192.0.2.7".to_owned(), true)
        );
        for unreadable in ["unknown", "192.0.2.7:443 ", "192.0.2.7, ?", ""] {
            assert!(!judge(&sources, "10.1.1.1", &[unreadable]).1, "{unreadable}");
        }
        assert!(
            !judge(&sources, "10.1.1.1", &[]).1,
            "the proxy itself is not the authority"
        );
    }

    #[test]
    fn what_is_no_network_is_named() {
        for bad in ["example.gov.kw", "192.0.2.0/33", "", "192.0.2"] {
            let error = CallbackSources::only([bad], []).unwrap_err().to_string();
            assert!(error.contains(bad) && error.contains("192.0.2.0/24"), "{error}");
        }
        assert!(
            CallbackSources::only(["192.0.2.9/24"], []).unwrap()
                == CallbackSources::only(["192.0.2.0/24"], []).unwrap()
        );
    }
}
