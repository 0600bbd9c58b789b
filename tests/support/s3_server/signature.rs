//! Who sent a request, by Signature Version 4
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>).

use data_encoding::HEXLOWER;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::documents::{Outcome, Refusal, denied, refuse};
use super::key_of;
use crate::support::clock::parse_basic;
use crate::support::serving::Call;

pub const REGION: &str = "us-east-1";
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const IN_PATH: &AsciiSet = &UNRESERVED.remove(b'/');
const SKEW_MAX_S: u64 = 15 * 60;
const BLOCK_BYTES: usize = 64;

/// Access keys, their secrets, and whose they are.
const ACCOUNTS: [(&str, &str, Caller); 2] = [
    ("tester", "testsecret", Caller::Owner),
    ("stranger", "strangersecret", Caller::Stranger),
];

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Owner,
    /// Known, but without rights of its own.
    Stranger,
    Anonymous,
}

/// What an `Authorization` header says.
struct Claim<'a> {
    access_key: &'a str,
    date: &'a str,
    scope: String,
    signed: &'a str,
    signature: &'a str,
}

/// Who sent this, if signature, clock and digest of the body are right.
pub fn caller(call: &Call, now_s: u64) -> Outcome<Caller> {
    let Some(header) = call.header("authorization") else {
        check_body(call)?;
        return Ok(Caller::Anonymous);
    };
    let claim = claim(header)?;
    let account = ACCOUNTS.iter().find(|(key, _, _)| *key == claim.access_key);
    let Some((_, secret, caller)) = account else {
        let message = "The AWS Access Key Id you provided does not exist in our records.";
        return Err(
            refuse(403, "InvalidAccessKeyId", message).with("AWSAccessKeyId", claim.access_key)
        );
    };
    let time = check_time(call, &claim, now_s)?;
    check_signed(call, &claim)?;
    check_signature(call, &claim, secret, time)?;
    check_body(call)?;
    Ok(*caller)
}

fn claim(header: &str) -> Outcome<Claim<'_>> {
    let malformed = |message: &str| refuse(400, "AuthorizationHeaderMalformed", message);
    let Some(fields) = header.strip_prefix("AWS4-HMAC-SHA256 ") else {
        let message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
        return Err(refuse(400, "InvalidRequest", message));
    };
    let field = |wanted: &str| {
        let mut fields = fields
            .split(',')
            .filter_map(|field| field.trim().split_once('='));
        let found = fields
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value);
        found.ok_or_else(|| malformed("The authorization header is malformed; a field is missing."))
    };
    let credential: Vec<&str> = field("Credential")?.split('/').collect();
    let [access_key, date, region, "s3", "aws4_request"] = credential.as_slice() else {
        return Err(malformed(
            "The authorization header is malformed; the Credential is mal-formed.",
        ));
    };
    if *region != REGION {
        let message = format!(
            "The authorization header is malformed; the region '{region}' is wrong; expecting '{REGION}'"
        );
        return Err(malformed(&message).with("Region", REGION));
    }
    Ok(Claim {
        access_key,
        date,
        scope: format!("{date}/{region}/s3/aws4_request"),
        signed: field("SignedHeaders")?,
        signature: field("Signature")?,
    })
}

/// The time of a request, as it was written; the clock behind it may be 15 minutes off.
fn check_time<'a>(call: &'a Call, claim: &Claim<'_>, now_s: u64) -> Outcome<&'a str> {
    let time = call.header("x-amz-date").unwrap_or_default();
    let Some(time_s) = parse_basic(time) else {
        let message = "AWS authentication requires a valid Date or x-amz-date header";
        return Err(refuse(403, "AccessDenied", message));
    };
    if !time.starts_with(claim.date) {
        let message = "The date in the credential's scope is not that of x-amz-date";
        return Err(refuse(403, "SignatureDoesNotMatch", message));
    }
    if time_s.abs_diff(now_s) > SKEW_MAX_S {
        let message = "The difference between the request time and the current time is too large.";
        return Err(refuse(403, "RequestTimeTooSkewed", message)
            .with("RequestTime", time)
            .with("MaxAllowedSkewMilliseconds", "900000"));
    }
    Ok(time)
}

/// The host and all of Amazon's own headers must be signed.
fn check_signed(call: &Call, claim: &Claim<'_>) -> Outcome<()> {
    let signed: Vec<&str> = claim.signed.split(';').collect();
    let must = |name: &str| name == "host" || name == "content-md5" || name.starts_with("x-amz-");
    let names = call.head.headers.keys().map(|name| name.as_str());
    let unsigned: Vec<&str> = names
        .filter(|name| must(name) && !signed.contains(name))
        .collect();
    if unsigned.is_empty() {
        return Ok(());
    }
    let message = "There were headers present in the request which were not signed";
    Err(refuse(403, "AccessDenied", message).with("HeadersNotSigned", &unsigned.join(", ")))
}

fn check_signature(call: &Call, claim: &Claim<'_>, secret: &str, time: &str) -> Outcome<()> {
    let canonical = canonical_request(call, claim.signed)?;
    let digest = HEXLOWER.encode(&Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{}\n{digest}", claim.scope);
    let first = format!("AWS4{secret}").into_bytes();
    let key = claim
        .scope
        .split('/')
        .fold(first, |key, part| hmac(&key, part));
    if HEXLOWER.encode(&hmac(&key, &to_sign)) == claim.signature {
        return Ok(());
    }
    let message = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    Err(refuse(403, "SignatureDoesNotMatch", message)
        .with("StringToSign", &to_sign)
        .with("CanonicalRequest", &canonical))
}

fn canonical_request(call: &Call, signed: &str) -> Outcome<String> {
    let path = key_of(call.head.uri.path())?;
    let query = call.head.uri.query().unwrap_or_default();
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let mut query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    query.sort();
    let query: Vec<String> = query.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let headers: String = signed
        .split(';')
        .map(|name| format!("{name}:{}\n", canonical_value(call, name)))
        .collect();
    Ok(format!(
        "{}\n{}\n{}\n{headers}\n{signed}\n{}",
        call.head.method,
        utf8_percent_encode(&path, IN_PATH),
        query.join("&"),
        call.header("x-amz-content-sha256").unwrap_or_default(),
    ))
}

fn canonical_value(call: &Call, name: &str) -> String {
    let values = call.head.headers.get_all(name).iter();
    let words = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
    let values = values.map(|value| words(&String::from_utf8_lossy(value.as_bytes())));
    values.collect::<Vec<_>>().join(",")
}

/// What a signed request says of its body must be so.
fn check_body(call: &Call) -> Outcome<()> {
    let calculated = HEXLOWER.encode(&Sha256::digest(&call.body));
    match call.header("x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => Ok(()),
        Some(told) if told == calculated => Ok(()),
        Some(told) if told.starts_with("STREAMING-") => Err(super::not_implemented()),
        Some(told) => {
            let message =
                "The provided 'x-amz-content-sha256' header does not match what was computed.";
            Err(refuse(400, "XAmzContentSHA256Mismatch", message)
                .with("ClientComputedContentSHA256", told)
                .with("S3ComputedContentSHA256", &calculated))
        }
        None if call.header("authorization").is_none() => Ok(()),
        None => {
            let message = "Missing required header for this request: x-amz-content-sha256";
            Err(refuse(400, "InvalidRequest", message))
        }
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut block = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |mask: u8| block.map(|byte| byte ^ mask);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text);
    let outer = Sha256::new().chain_update(pad(0x5c));
    outer.chain_update(inner.finalize()).finalize().to_vec()
}

/// Only the owner has rights of its own.
pub fn only_owner(caller: Caller) -> Result<(), Refusal> {
    match caller {
        Caller::Owner => Ok(()),
        Caller::Stranger | Caller::Anonymous => Err(denied()),
    }
}
