use super::bridge::Bridge;
use super::contract::Transport;
use super::gateway::Gateway;
use super::settings::TransportSettings;
use super::soap::Soap;
use super::template::Template;
use crate::connector::kuwait::material::Material;
use crate::connector::kuwait::settings::KuwaitSettings;
use crate::connector::kuwait::settings::SettingsError;

/// The transport of the settings, set up and not connected.
pub(in crate::connector::kuwait) fn open(
    settings: &KuwaitSettings,
    material: &Material,
) -> Result<Box<dyn Transport>, SettingsError> {
    Ok(match &settings.transport {
        TransportSettings::Bridge => Box::new(Bridge::new(settings, material)?),
        TransportSettings::Soap(soap) => Box::new(Soap::new(soap, settings, material)?),
        TransportSettings::Gateway(gateway) => Box::new(Gateway::new(gateway, settings, material)?),
        TransportSettings::Template(template) => Box::new(Template::new(template, settings, material)?),
    })
}
