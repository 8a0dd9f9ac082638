use serde::{Deserialize, Serialize};

/// How a network of 802.11 says that it is protected, in its beacons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WirelessNetwork {
    /// Its name. `None`: it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssid: Option<Box<str>>,
    /// The hardware address of its access point.
    pub bssid: Box<str>,
    /// `WAPI`, `WPA2`, `WPA3`, `WEP` and so on; `none`.
    pub protection: Vec<Box<str>>,
    /// Ways to authenticate and to manage keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub akm: Vec<Box<str>>,
    /// Ciphers of frames to one station.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unicast_cipher: Vec<Box<str>>,
    /// The cipher of frames to many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multicast_cipher: Option<Box<str>>,
}
