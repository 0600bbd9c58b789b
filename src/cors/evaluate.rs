//! Answers of a bucket with a policy to browsers, by each cloud's rules.
//!
//! Google takes the first rule that has the request's origin and method
//! (<https://cloud.google.com/storage/docs/xml-api/put-bucket-cors>). S3 takes the first rule that
//! has the origin, the method and all requested headers
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>). Ceph's radosgw looks no
//! further than the first rule of the origin.

use super::names::{has_header, has_method};
use super::{Cloud, Policy, Rule, origin};

/// Permissions that an answer gives to a page, in the headers `Access-Control-…`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Allowed {
    /// `Access-Control-Allow-Origin`: the page's origin, or `*`.
    pub origin: String,
    /// `Access-Control-Allow-Methods`, of a preflight.
    pub methods: Vec<String>,
    /// `Access-Control-Allow-Headers`, of a preflight: those of the asked for that may be sent.
    pub headers: Vec<String>,
    /// `Access-Control-Expose-Headers`.
    pub exposed: Vec<String>,
    /// `Access-Control-Max-Age`, of a preflight, in seconds.
    pub max_age_s: Option<u32>,
}

impl Allowed {
    /// Checks whether a browser that got this answer goes on to send a request with this method and
    /// these headers, without cookies (<https://fetch.spec.whatwg.org/#cors-preflight-fetch>).
    pub fn permits(&self, method: &str, headers: &[&str]) -> bool {
        let is_simple = matches!(method, "GET" | "HEAD" | "POST");
        let has_method = is_simple || has_method(&self.methods, method);
        let lists = |header: &&str| {
            self.headers
                .iter()
                .any(|h| h == "*" || h.eq_ignore_ascii_case(header))
        };
        has_method && headers.iter().all(lists)
    }
}

impl Policy {
    /// The answer to a preflight: may a page of `origin` send a request with `method` and
    /// `headers`? None if the answer allows nothing.
    pub fn preflight(
        &self,
        cloud: Cloud,
        origin: &str,
        method: &str,
        headers: &[&str],
    ) -> Option<Allowed> {
        let policy = self.on(cloud);
        let takes_headers = |rule: &&Rule| {
            let mut headers = headers.iter();
            cloud == Cloud::Gcs || headers.all(|header| has_header(&rule.allowed_headers, header))
        };
        let is_for = |rule: &&Rule| rule.is_for(cloud, origin, method);
        let rule = policy.rules.iter().filter(is_for).find(takes_headers)?;
        let asked = headers
            .iter()
            .filter(|header| has_header(&rule.allowed_headers, header));
        Some(Allowed {
            methods: rule.methods.clone(),
            headers: asked.map(|header| header.to_string()).collect(),
            max_age_s: rule.max_age_s,
            ..rule.answer(origin)
        })
    }

    /// Returns the permissions in the answer to the request itself. None if scripts of `origin`
    /// can't read the answer.
    pub fn simple(&self, cloud: Cloud, origin: &str, method: &str) -> Option<Allowed> {
        let policy = self.on(cloud);
        let mut rules = policy.rules.iter();
        let rule = rules.find(|rule| rule.is_for(cloud, origin, method))?;
        Some(rule.answer(origin))
    }
}

impl Rule {
    fn is_for(&self, cloud: Cloud, origin: &str, method: &str) -> bool {
        let mut origins = self.origins.iter();
        origins.any(|pattern| origin::matches(pattern, origin, cloud))
            && has_method(&self.methods, method)
    }

    fn answer(&self, origin: &str) -> Allowed {
        let everybody = self.origins.iter().any(|listed| listed == "*");
        Allowed {
            origin: if everybody { "*" } else { origin }.to_string(),
            exposed: self.exposed_headers.clone(),
            ..Allowed::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Policy {
        let checked = crate::cors::check(text.as_bytes(), &[]);
        checked.policy.expect("it can be read")
    }

    const TWO_RULES: &str = r#"{"CORSRules": [
        {"AllowedOrigins": ["https://a.org"], "AllowedMethods": ["GET"], "AllowedHeaders": ["Range"]},
        {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["x-*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}
    ]}"#;

    /// S3 picks the first rule that allows the headers; GCS goes by origin and method.
    #[test]
    fn s3_and_gcs_pick_rules_differently() {
        let policy = policy(TWO_RULES);
        let ask = |cloud, headers: &[&str]| {
            let allowed = policy.preflight(cloud, "https://a.org", "GET", headers)?;
            Some((allowed.origin.clone(), allowed.permits("GET", headers)))
        };
        let (own, all) = ("https://a.org".to_string(), "*".to_string());
        assert_eq!(ask(Cloud::S3, &["range"]), Some((own.clone(), true)));
        assert_eq!(ask(Cloud::S3, &["x-foo"]), Some((all, true)));
        assert_eq!(ask(Cloud::S3, &["range", "x-foo"]), None);
        assert_eq!(ask(Cloud::Gcs, &["x-foo"]), Some((own, false)));
    }

    /// A simple request is answered by origin and method.
    #[test]
    fn simple_request_needs_origin_and_method() {
        let policy = policy(TWO_RULES);
        let head = policy
            .simple(Cloud::S3, "https://a.org", "HEAD")
            .expect("allowed");
        assert_eq!(
            (head.origin.as_str(), head.exposed),
            ("*", vec!["ETag".to_string()])
        );
        let get = policy
            .simple(Cloud::S3, "https://a.org", "GET")
            .expect("allowed");
        assert_eq!(
            (get.origin.as_str(), get.exposed.len()),
            ("https://a.org", 0)
        );
        assert_eq!(policy.simple(Cloud::S3, "https://b.org", "PUT"), None);
        assert_eq!(
            Policy::default().simple(Cloud::Gcs, "https://b.org", "GET"),
            None
        );
    }

    /// A preflight answer permits only the allowed methods and headers.
    #[test]
    fn preflight_checks_method_and_headers() {
        let allowed = policy(TWO_RULES)
            .preflight(Cloud::S3, "https://b.org", "HEAD", &["X-Foo"])
            .expect("allowed");
        assert_eq!(allowed.max_age_s, Some(60));
        assert!(allowed.permits("HEAD", &["x-foo"]));
        assert!(!allowed.permits("DELETE", &["x-foo"]));
        assert!(!allowed.permits("HEAD", &["x-bar"]));
    }
}
