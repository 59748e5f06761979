//! JUnit XML, for CI: each reviewer is a test that its blocking issues fail, the decision is one more.

use super::Packet;
use super::template::fill;

/// The packet as JUnit XML.
#[must_use]
pub fn junit(packet: &Packet) -> String {
    fill(include_str!("templates/packet.xml"), super::html::escape, packet)
}
