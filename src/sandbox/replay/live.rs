use crate::sandbox::cassette::CassetteTransport;
use crate::sandbox::cassette::Value;
use crate::sandbox::cassette::leaves;

/// A request of a node, as far as a replay has to understand it.
pub(in crate::sandbox) struct Live {
    /// The operation that it asks for; where the transport has none, the end of its address.
    pub(in crate::sandbox) operation: String,
    /// Its values.
    pub(super) values: Vec<Value>,
}

impl Live {
    /// Reads a request that came to this path.
    pub(in crate::sandbox) fn read(transport: CassetteTransport, path: &str, body: &[u8]) -> Self {
        let values = leaves(body);
        let last = |steps: usize| {
            let mut steps: Vec<&str> = path.rsplit('/').take(steps).collect();
            steps.reverse();
            steps.join("/")
        };
        let operation = match transport {
            CassetteTransport::Bridge => last(1),
            // `mobile-id/call`.
            CassetteTransport::Gateway | CassetteTransport::Template => last(2),
            CassetteTransport::Soap => values
                .first()
                .and_then(|value| value.path.strip_prefix("Envelope/Body/"))
                .and_then(|rest| rest.split('/').next())
                .unwrap_or("no operation of SOAP")
                .to_owned(),
        };
        Self { operation, values }
    }

    /// The address for answers that the request names.
    pub(super) fn callback_url(&self) -> Option<&str> {
        self.values
            .iter()
            .find(|value| {
                value.name.to_ascii_lowercase().contains("callback") && value.text.starts_with("https://")
            })
            .map(|value| value.text.as_str())
    }

    /// The value under a name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut values = self.values.iter();
        values
            .find(|value| value.name.eq_ignore_ascii_case(name))
            .map(|value| value.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_transport_names_its_operation() {
        let read = |transport, path, body: &str| Live::read(transport, path, body.as_bytes());
        let bridge = read(CassetteTransport::Bridge, "/InitiateAuthRequestPN", "{}");
        assert_eq!(bridge.operation, "InitiateAuthRequestPN");
        let gateway = read(CassetteTransport::Gateway, "/gateway/mobile-id/call", "{}");
        assert_eq!(gateway.operation, "mobile-id/call");
        let soap = read(
            CassetteTransport::Soap,
            "/soap/MIDWrapper.svc",
            "<s:Envelope xmlns:s=\"urn:s\"><s:Body><NotifyPerson><request><SPCallbackURL>https://h/cb</SPCallbackURL>\
             </request></NotifyPerson></s:Body></s:Envelope>",
        );
        assert_eq!(soap.operation, "NotifyPerson");
        assert_eq!(soap.callback_url(), Some("https://h/cb"));
        let template = read(
            CassetteTransport::Template,
            "/template/mobile-id/push",
            r#"{"request":{"spCallbackURL":"http://h/","civilId":"1"}}"#,
        );
        assert_eq!(
            (template.callback_url(), template.value("CivilId")),
            (None, Some("1"))
        );
    }
}
