//! Storage locations as written in settings: a folder or an S3 bucket.

use std::path::PathBuf;
use std::str::FromStr;

use object_store::aws::AmazonS3ConfigKey as Key;
use url::Url;

/// A local folder or a bucket.
#[derive(Debug, Clone)]
pub enum StorageLocation {
    Folder(PathBuf),
    Bucket(BucketUrl),
}

/// A bucket's URL: `s3://bucket?endpoint=https://…&region=…&style=path&direct=off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketUrl {
    name: String,
    endpoint: Option<String>,
    region: Option<String>,
    /// Virtual-hosted style (`bucket.host`) or path style (`host/bucket`); `None` to choose by the endpoint.
    is_virtual_hosted: Option<bool>,
    /// Whether browsers upload to the bucket and download from it directly.
    is_direct: bool,
}

/// A bucket's complete configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BucketConfig {
    pub(super) name: String,
    pub(super) region: String,
    /// The bucket's base URL without a trailing slash.
    pub(super) url: String,
    pub(super) is_direct: bool,
}

/// The `AWS_*` environment variables: credentials, and defaults for endpoint and region.
#[derive(Clone, Default)]
pub struct AwsEnv(Vec<(Key, String)>);

impl FromIterator<(String, String)> for AwsEnv {
    /// Collects environment variables; unknown ones are ignored.
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        let known = |(name, value): (String, String)| {
            let name = name.to_ascii_lowercase();
            let key = name.starts_with("aws_").then(|| Key::from_str(&name).ok())?;
            Some((key?, value)).filter(|(_, value)| !value.is_empty())
        };
        Self(variables.into_iter().filter_map(known).collect())
    }
}

impl std::fmt::Debug for AwsEnv {
    /// Omits the values, which are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(key, _)| key)).finish()
    }
}

impl AwsEnv {
    fn get(&self, wanted: &[Key]) -> Option<&str> {
        let one =
            |wanted: &Key| self.0.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
        wanted.iter().find_map(one)
    }

    /// Everything but endpoint, region and bucket.
    pub(super) fn credentials(&self) -> impl Iterator<Item = (Key, String)> {
        let is_location = |key: &Key| {
            matches!(
                key,
                Key::Endpoint
                    | Key::S3Endpoint
                    | Key::Region
                    | Key::DefaultRegion
                    | Key::Bucket
                    | Key::VirtualHostedStyleRequest
                    | Key::SkipSignature
            )
        };
        self.0.iter().filter(move |(key, _)| !is_location(key)).cloned()
    }
}

impl FromStr for StorageLocation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("s3:") {
            return text.parse().map(Self::Bucket);
        }
        match text.strip_prefix("file:").map(|folder| folder.strip_prefix("//").unwrap_or(folder)) {
            Some(folder) if !folder.is_empty() => Ok(Self::Folder(PathBuf::from(folder))),
            _ => Err("it must be file:FOLDER or s3://BUCKET?endpoint=URL&region=REGION".to_owned()),
        }
    }
}

impl std::fmt::Display for StorageLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "file:{}", folder.display()),
            Self::Bucket(bucket) => write!(f, "s3://{}", bucket.name),
        }
    }
}

impl FromStr for BucketUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("it is no URL: {error}"))?;
        let name = url.host_str().filter(|name| !name.is_empty()).ok_or("it names no bucket")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned());
        }
        if !matches!(url.path(), "" | "/") || url.port().is_some() {
            return Err(
                "the whole bucket is used: there is no path, and a port belongs into endpoint".to_owned()
            );
        }
        let mut bucket = Self {
            name: name.to_owned(),
            endpoint: None,
            region: None,
            is_virtual_hosted: None,
            is_direct: true,
        };
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("endpoint", value) => bucket.endpoint = Some(endpoint(value)?),
                ("region", value) if !value.is_empty() => bucket.region = Some(value.to_owned()),
                ("style", "path") => bucket.is_virtual_hosted = Some(false),
                ("style", "host") => bucket.is_virtual_hosted = Some(true),
                ("direct", "on") => bucket.is_direct = true,
                ("direct", "off") => bucket.is_direct = false,
                _ => {
                    return Err(format!(
                        "{name}={value} means nothing: there are endpoint, region, style=path or host, direct=on or off"
                    ));
                }
            }
        }
        Ok(bucket)
    }
}

impl BucketUrl {
    /// Fills in what the URL leaves out from the environment.
    pub(super) fn resolve(&self, aws: &AwsEnv) -> Result<BucketConfig, String> {
        let region = self.region.as_deref().or_else(|| aws.get(&[Key::Region, Key::DefaultRegion]));
        let region = region.unwrap_or("us-east-1").to_owned();
        let endpoint_of = |text: &str| endpoint(text).map_err(|why| format!("the endpoint {text}: {why}"));
        let given = match &self.endpoint {
            Some(endpoint) => Some(endpoint.clone()),
            None => aws.get(&[Key::S3Endpoint, Key::Endpoint]).map(endpoint_of).transpose()?,
        };
        // Amazon uses the virtual-hosted style, except for names with dots, which its certificate doesn't cover; most
        // other providers use the path style.
        let is_virtual_hosted = self.is_virtual_hosted.unwrap_or(given.is_none() && !self.name.contains('.'));
        let endpoint = given.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let url = match endpoint.split_once("://") {
            Some((scheme, host)) if is_virtual_hosted => format!("{scheme}://{}.{host}", self.name),
            _ => format!("{endpoint}/{}", self.name),
        };
        Ok(BucketConfig { name: self.name.clone(), region, url, is_direct: self.is_direct })
    }
}

impl BucketConfig {
    /// The web origin: scheme, host and port.
    pub(super) fn origin(&self) -> String {
        Url::parse(&self.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("endpoint is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
        return Err("endpoint must be an http or https address, as in https://s3.example.org".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(text: &str, aws: &[(&str, &str)]) -> BucketConfig {
        let aws = aws.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        text.parse::<BucketUrl>().unwrap().resolve(&aws).unwrap()
    }

    #[test]
    fn a_bucket_is_where_its_url_and_the_environment_say() {
        for (text, aws, url, region) in [
            ("s3://files", &[][..], "https://files.s3.us-east-1.amazonaws.com", "us-east-1"),
            ("s3://a.b", &[], "https://s3.us-east-1.amazonaws.com/a.b", "us-east-1"),
            (
                "s3://files?region=eu-west-1",
                &[("AWS_REGION", "x")],
                "https://files.s3.eu-west-1.amazonaws.com",
                "eu-west-1",
            ),
            (
                "s3://files",
                &[("AWS_DEFAULT_REGION", "garage"), ("AWS_ENDPOINT_URL", "http://box:3900/")],
                "http://box:3900/files",
                "garage",
            ),
            (
                "s3://files?endpoint=https://s3.example.org&style=host",
                &[("AWS_ENDPOINT_URL", "http://other")],
                "https://files.s3.example.org",
                "us-east-1",
            ),
        ] {
            let found = bucket(text, aws);
            assert_eq!((found.url.as_str(), found.region.as_str()), (url, region), "{text}");
        }
        assert!(bucket("s3://files", &[]).is_direct);
        assert!(!bucket("s3://files?direct=off", &[]).is_direct);
    }

    #[test]
    fn what_is_no_place_is_told() {
        for wrong in [
            "s3:",
            "s3://",
            "s3://files/folder",
            "s3://key:secret@files",
            "s3://files?direct=maybe",
            "s3://files?endpoint=box",
            "s3://files?encrypt=on",
            "file:",
            "/folder",
        ] {
            assert!(wrong.parse::<StorageLocation>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let aws: AwsEnv = [("AWS_SECRET_ACCESS_KEY".to_owned(), "hush".to_owned())].into_iter().collect();
        assert!(!format!("{aws:?}").contains("hush"));
        assert_eq!(aws.credentials().count(), 1);
    }
}
