use std::fs;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::faces::Face;
use super::settings::SpSettings;
use crate::connector::kuwait::ClientIdentity;
use crate::connector::kuwait::KuwaitSettings;
use crate::connector::kuwait::Login;
use crate::connector::kuwait::SignerPin;
use crate::connector::kuwait::Source;
use crate::connector::kuwait::TransportSettings;

impl SpSettings {
    /// Writes what a node in another process needs to use the sandbox, and answers the settings that name it: certificates and
    /// keys, those for its callback listener among them (`callback.pem`, `callback.key`), and the login of faces that have one.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn lay_out(&self, face: Face, folder: &Path) -> io::Result<KuwaitSettings> {
        let (login_name, login_password) = (&self.login.0, &self.login.1);
        for (name, text) in [
            ("sp.pem", self.client.chain_pem()),
            ("sp.key", self.client.key_pem()),
            ("authority.pem", &self.authority_pem),
            ("stamp.pem", &self.stamp_signer_pem),
            ("next-stamp.pem", &self.next_stamp_signer_pem),
            ("callback.pem", self.callback_server.chain_pem()),
            ("callback.key", self.callback_server.key_pem()),
            ("login-name", login_name),
            ("login-password", login_password),
        ] {
            write(&folder.join(name), text)?;
        }
        let file = |name: &str| Source::File(folder.join(name));
        let login = || Login {
            name: file("login-name"),
            password: file("login-password"),
        };
        let mut settings = self.settings_of(face);
        settings.client = Some(ClientIdentity {
            certificate: file("sp.pem"),
            key: file("sp.key"),
        });
        settings.server_ca = file("authority.pem");
        if let Some(stamp) = &mut settings.stamp {
            stamp.signers = vec![
                SignerPin::Certificate(file("stamp.pem")),
                SignerPin::Certificate(file("next-stamp.pem")),
            ];
        }
        match &mut settings.transport {
            TransportSettings::Soap(soap) => soap.login = Some(login()),
            TransportSettings::Gateway(gateway) => gateway.login = login(),
            TransportSettings::Bridge | TransportSettings::Template(_) => {}
        }
        Ok(settings)
    }
}

/// A file for its owner alone, whatever stood there before.
fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}
