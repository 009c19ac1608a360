//! The form by which a browser uploads a file straight to a bucket (S3 POST Object): a policy, signed with the bucket's
//! credentials (Signature Version 4). It is written here because object_store presigns URLs only.

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use object_store::aws::AwsCredential;
use serde_json::json;

use super::location::BucketConfig;
use crate::model::Time;

pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What may be uploaded, and until when.
pub(super) struct Policy<'a> {
    pub(super) key: &'a str,
    pub(super) content_type: &'a str,
    /// Bytes.
    pub(super) max_size: u64,
    pub(super) issued_at: Time,
    pub(super) expires_at: Time,
}

/// The form's target and fields, without content type and file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketForm {
    /// Where to post the form.
    pub url: String,
    /// The object key until the upload is checked.
    pub key: String,
    pub policy: String,
    pub credential: String,
    pub date: String,
    /// The session token of temporary credentials.
    pub token: Option<String>,
    pub signature: String,
}

impl Policy<'_> {
    /// Signs the policy. Deterministic: the same input gives the same form.
    pub(super) fn sign(&self, bucket: &BucketConfig, credentials: &AwsCredential) -> BucketForm {
        let date = self.issued_at.basic();
        let day = date.split('T').next().unwrap_or_default();
        let credential = format!("{}/{day}/{}/s3/aws4_request", credentials.key_id, bucket.region);
        let mut conditions = vec![
            json!({"bucket": bucket.name}),
            json!(["eq", "$key", self.key]),
            json!(["eq", "$Content-Type", self.content_type]),
            json!(["content-length-range", 1, self.max_size]),
            json!({"x-amz-algorithm": ALGORITHM}),
            json!({"x-amz-credential": credential}),
            json!({"x-amz-date": date}),
        ];
        if let Some(token) = &credentials.token {
            conditions.push(json!({"x-amz-security-token": token}));
        }
        let expiration = format!("{}Z", self.expires_at.iso());
        let policy = json!({"expiration": expiration, "conditions": conditions}).to_string();
        let policy = STANDARD.encode(policy);
        BucketForm {
            url: bucket.url.clone(),
            key: self.key.to_owned(),
            signature: sign(&credentials.secret_key, day, &bucket.region, &policy),
            policy,
            credential,
            date,
            token: credentials.token.clone(),
        }
    }
}

/// Signature Version 4 of a text, for S3 in a region on a day (`YYYYMMDD`).
fn sign(secret: &str, day: &str, region: &str, text: &str) -> String {
    let with = |key: &[u8], text: &str| hmac::sign(&Key::new(HMAC_SHA256, key), text.as_bytes());
    let mut key = with(format!("AWS4{secret}").as_bytes(), day);
    for part in [region, "s3", "aws4_request"] {
        key = with(key.as_ref(), part);
    }
    with(key.as_ref(), text).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    /// The example of «Browser-Based Upload using HTTP POST» in the documentation of Amazon S3.
    #[test]
    fn a_policy_is_signed_as_amazon_documents_it() {
        let policy = concat!(
            "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tl",
            "dCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAg",
            "ICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhh",
            "bXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwg",
            "IiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAg",
            "ICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXot",
            "bWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkv",
            "dXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwN",
            "CiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9",
        );
        let signature = "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e";
        assert_eq!(sign(SECRET, "20151229", "us-east-1", policy), signature);
    }

    #[test]
    fn a_form_is_good_for_one_file_and_a_while() {
        let bucket = BucketConfig {
            name: "files".to_owned(),
            region: "garage".to_owned(),
            url: "http://box:3900/files".to_owned(),
            is_direct: true,
        };
        let who = AwsCredential {
            key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: SECRET.to_owned(),
            token: Some("lent".to_owned()),
        };
        let (issued_at, expires_at) = (Time(1_451_347_200_000), Time(1_451_348_100_000));
        let policy =
            Policy { key: "incoming/a/b.png", content_type: "image/png", max_size: 9, issued_at, expires_at };
        let form = policy.sign(&bucket, &who);
        assert_eq!(form, policy.sign(&bucket, &who));
        assert_eq!(form.credential, "AKIAIOSFODNN7EXAMPLE/20151229/garage/s3/aws4_request");
        assert_eq!(form.date, "20151229T000000Z");
        let policy: Value = serde_json::from_slice(&STANDARD.decode(&form.policy).unwrap()).unwrap();
        assert_eq!(policy["expiration"], "2015-12-29T00:15:00Z");
        for condition in [
            json!({"bucket": "files"}),
            json!(["eq", "$key", "incoming/a/b.png"]),
            json!(["eq", "$Content-Type", "image/png"]),
            json!(["content-length-range", 1, 9]),
            json!({"x-amz-security-token": "lent"}),
        ] {
            assert!(policy["conditions"].as_array().unwrap().contains(&condition), "{condition}");
        }
    }
}
