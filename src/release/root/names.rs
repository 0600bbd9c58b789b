//! Names of changes of the root, and of releases.

use std::fmt;

use data_encoding::HEXLOWER;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Name of a root: 128 random bits in hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Nonce(pub String);

impl Nonce {
    /// Creates a random nonce.
    ///
    /// # Panics
    /// Panics if the system has no random bytes.
    pub fn random() -> Nonce {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .expect("the system has random bytes, or the key would have none");
        Nonce(HEXLOWER.encode(&bytes))
    }
}

/// Name of a release: its time and a few random characters, such as `20270115-190412-k3v9qd`. Later
/// names sort after earlier ones, as far as the storage's clock is right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ReleaseId(pub String);

/// Checks a name that is read. It becomes part of a document's name, so it must not lead elsewhere.
impl TryFrom<String> for ReleaseId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<ReleaseId, &'static str> {
        if is_part_of_a_name(&id) {
            Ok(ReleaseId(id))
        } else {
            Err("invalid release name")
        }
    }
}

/// Returns whether a text has only letters, digits and `-`.
pub(super) fn is_part_of_a_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl ReleaseId {
    /// Creates the id of a release made at `at` under this nonce.
    pub fn new(at: Timestamp, nonce: &Nonce) -> ReleaseId {
        let bytes = blake3::hash(nonce.0.as_bytes());
        let random = data_encoding::BASE32_NOPAD.encode(&bytes.as_bytes()[..5]);
        let time = at.strftime("%Y%m%d-%H%M%S");
        ReleaseId(format!("{time}-{}", random[..6].to_ascii_lowercase()))
    }
}

impl ReleaseId {
    /// Does the same, unless the id would sort before `newest`, because the clock was set back or
    /// the second is the same. In this case, the time is that of `newest` plus one second.
    pub fn after(newest: Option<&ReleaseId>, at: Timestamp, nonce: &Nonce) -> ReleaseId {
        let id = ReleaseId::new(at, nonce);
        let before = newest.filter(|newest| id <= **newest);
        let second = SignedDuration::from_secs(1);
        let next = before.and_then(|newest| newest.time()?.checked_add(second).ok());
        next.map_or(id, |time| ReleaseId::new(time, nonce))
    }

    /// Returns the time in its name; none if the name has no valid time.
    fn time(&self) -> Option<Timestamp> {
        let time = self.0.get(.."20270115-190412".len())?;
        let civil = DateTime::strptime("%Y%m%d-%H%M%S", time).ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Returns whether `name` can be the name of a release.
    pub(in crate::release) fn is_one(name: &str) -> bool {
        let parts: Vec<&str> = name.split('-').collect();
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        match parts[..] {
            [day, time, random] => {
                (day.len(), time.len(), random.len()) == (8, 6, 6)
                    && is_digits(day)
                    && is_digits(time)
                    && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
            _ => false,
        }
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
