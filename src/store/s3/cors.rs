//! CORS policy of a bucket on S3. See
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html>.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use md5::{Digest, Md5};

use super::S3;
use super::documents::{error_document, parse};
use crate::cors::{self, Policy};
use crate::store::StoreError;
use crate::store::http::Call;

/// Query for reading and setting the CORS policy.
pub(super) const CORS: &str = "?cors=";

impl S3 {
    pub(super) async fn cors_policy(&self) -> Result<Option<Policy>, StoreError> {
        let call = self.about_cors(Method::GET, "read the CORS policy");
        let reply = self.send(&call).await?;
        let code = error_document(&reply).map(|error| error.code);
        if reply.status == StatusCode::NOT_FOUND
            && code.as_deref() == Some("NoSuchCORSConfiguration")
        {
            return Ok(None);
        }
        let reply = self.success(&call, reply)?;
        let policy = cors::from_s3(parse(&call, &reply)?);
        Ok(Some(policy).filter(|policy| !policy.rules.is_empty()))
    }

    pub(super) async fn set_cors_policy(&self, policy: &Policy) -> Result<(), StoreError> {
        let call = if policy.rules.is_empty() {
            self.about_cors(Method::DELETE, "remove the CORS policy")
        } else {
            let call = self.about_cors(Method::PUT, "set the CORS policy");
            with_md5(call, cors::s3_xml(policy))
        };
        let reply = self.send(&call).await?;
        self.success(&call, reply)?;
        Ok(())
    }

    fn about_cors(&self, method: Method, doing: &str) -> Call {
        let url = format!("{}/{CORS}", self.bucket_url);
        let doing = format!("{doing} of the bucket `{}`", self.bucket);
        Call::new(method, url, doing)
    }
}

/// Adds an XML document with the checksum that S3 requires for settings. It's an MD5, which other
/// servers support best.
fn with_md5(call: Call, xml: String) -> Call {
    let md5 = BASE64_STANDARD.encode(Md5::digest(&xml));
    call.header("content-type", "application/xml")
        .header("content-md5", &md5)
        .body([Bytes::from(xml)])
}
