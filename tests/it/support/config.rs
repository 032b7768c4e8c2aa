use std::path::Path;

use midflow::words::Digest;
use serde_json::Value;
use serde_json::json;

use super::node::CLIENT;

/// A configuration for commands about a node that does not run: what only a running one reads is well formed and leads
/// nowhere. JSON is YAML too.
pub fn of_node_at_rest(store: &Value, keys: &Value) -> Value {
    let file = |name: &str| format!("file:{name}");
    json!({
        "midflow": 1,
        "environment": "development",
        "store": store,
        "secrets": "secrets",
        "keys": keys,
        "listeners": {
            "api": { "address": "127.0.0.1:1" },
            "callback": {
                "address": "127.0.0.1:2",
                "tls": { "certificate": "callback.pem", "key": "callback.key" },
            },
        },
        "connector": { "kuwait": {
            "base_url": "https://127.0.0.1:3",
            "service_provider_id": "sp",
            "client": { "certificate": file("sp.pem"), "key": file("sp.key") },
            "server_ca": file("ca.pem"),
            "stamp": {
                "rule": "raw-members", "formats": ["rsa-sha256"],
                "signers": [{ "certificate": file("stamp.pem") }],
            },
        } },
        "clients": [{ "name": CLIENT, "key": Digest::of(b"a key").to_string() }],
    })
}

/// Writes a configuration.
pub fn write(folder: &Path, name: &str, config: &Value) {
    std::fs::write(folder.join(name), config.to_string()).unwrap();
}
