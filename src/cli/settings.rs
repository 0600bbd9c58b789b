//! Settings that commands share, as flags and variables: small groups, put together by what a
//! command uses. All are text here: they are read where the configuration is.

use clap::Args;

/// The key, for commands that compute names or read releases.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct KeySetting {
    /// File with the secret key
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSETSYNC_KEY_FILE",
        hide_env_values = true
    )]
    key_file: Option<String>,
}

/// The files, for commands that read the tree.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct TreeSettings {
    #[command(flatten)]
    source: SourceSetting,
    #[command(flatten)]
    key: KeySetting,
    /// Also publish files with these extensions, separated by commas
    #[arg(
        long,
        value_name = "LIST",
        env = "ASSETSYNC_EXTENSIONS",
        hide_env_values = true,
        hide_short_help = true
    )]
    extensions: Option<String>,
}

/// The folder to publish.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct SourceSetting {
    /// Publish this folder instead of the configured sources
    #[arg(
        long,
        value_name = "DIR",
        env = "ASSETSYNC_FROM",
        hide_env_values = true
    )]
    from: Option<String>,
}

/// The bucket or folder to publish to.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct BucketSettings {
    /// Publish to file:FOLDER, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX
    #[arg(long, value_name = "URL", env = "ASSETSYNC_TO", hide_env_values = true)]
    to: Option<String>,
    /// URL of a server other than Amazon's or Google's
    #[arg(
        long,
        value_name = "URL",
        env = "ASSETSYNC_ENDPOINT",
        hide_env_values = true
    )]
    endpoint: Option<String>,
    /// Region of the bucket
    #[arg(
        long,
        value_name = "REGION",
        env = "ASSETSYNC_REGION",
        hide_env_values = true
    )]
    region: Option<String>,
    /// `path` for https://server/bucket, `virtual` for https://bucket.server
    /// [default: depends on the server]
    #[arg(
        long,
        value_name = "STYLE",
        env = "ASSETSYNC_ADDRESSING",
        hide_env_values = true,
        hide_short_help = true
    )]
    addressing: Option<String>,
}

/// Readers of a target, and the place of its releases.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct ReaderSettings {
    /// Way in which objects become public: `bucket` by the bucket's policy, `object-acl` by an ACL
    /// on each object [default: bucket]
    #[arg(
        long,
        value_name = "HOW",
        env = "ASSETSYNC_ACCESS",
        hide_env_values = true
    )]
    access: Option<String>,
    /// Keep the releases here instead of in the target itself
    #[arg(
        long,
        value_name = "URL",
        env = "ASSETSYNC_STATE",
        hide_env_values = true,
        hide_short_help = true
    )]
    state: Option<String>,
    /// URL under which browsers load the objects
    #[arg(
        long,
        value_name = "URL",
        env = "ASSETSYNC_PUBLIC_URL",
        hide_env_values = true
    )]
    public_url: Option<String>,
}

/// The host in front of a bucket, for commands that name or check pages.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct HostSettings {
    /// Page that the host serves for a folder: index.html
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSETSYNC_INDEX",
        hide_env_values = true,
        hide_short_help = true
    )]
    index: Option<String>,
    /// Page that the host serves for unknown paths
    #[arg(
        long,
        value_name = "PATH",
        env = "ASSETSYNC_NOT_FOUND",
        hide_env_values = true,
        hide_short_help = true
    )]
    not_found: Option<String>,
}

/// The file with a target's CORS policy.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct CorsSetting {
    /// File with the CORS policy of the bucket
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSETSYNC_CORS",
        hide_env_values = true,
        hide_short_help = true
    )]
    cors: Option<String>,
}

/// Compression, for commands that make bodies.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tuning")]
pub struct BodySettings {
    /// Compression, from 0 (fast) to 9 (small) [default: 9]
    #[arg(
        long,
        value_name = "LEVEL",
        env = "ASSETSYNC_GZIP_LEVEL",
        hide_env_values = true,
        hide_short_help = true
    )]
    gzip_level: Option<String>,
    /// Memory for file contents, in MiB [default: 64]
    #[arg(
        long,
        value_name = "MIB",
        env = "ASSETSYNC_MEMORY_MIB",
        hide_env_values = true,
        hide_short_help = true
    )]
    memory_mib: Option<String>,
}

/// Number of requests, for commands that send many.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tuning")]
pub struct RequestSetting {
    /// Requests sent at a time [default: 64]
    #[arg(
        long,
        value_name = "N",
        env = "ASSETSYNC_REQUESTS",
        hide_env_values = true,
        hide_short_help = true
    )]
    requests: Option<String>,
}

/// Retries, for commands that talk to a storage.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tuning")]
pub struct RetrySetting {
    /// Seconds for which a failing request is retried [default: 300]
    #[arg(
        long,
        value_name = "SECONDS",
        env = "ASSETSYNC_RETRY_SECONDS",
        hide_env_values = true,
        hide_short_help = true
    )]
    retry_seconds: Option<String>,
}

/// Settings of commands that publish the tree, or compare it with what is published.
#[derive(Debug, Args)]
pub struct Setup {
    #[command(flatten)]
    tree: TreeSettings,
    #[command(flatten)]
    bucket: BucketSettings,
    #[command(flatten)]
    readers: ReaderSettings,
    #[command(flatten)]
    host: HostSettings,
    #[command(flatten)]
    cors: CorsSetting,
    #[command(flatten)]
    bodies: BodySettings,
    #[command(flatten)]
    requests: RequestSetting,
    #[command(flatten)]
    retries: RetrySetting,
}

/// Settings of commands that compute names without asking a storage.
#[derive(Debug, Args)]
pub struct NameSetup {
    #[command(flatten)]
    tree: TreeSettings,
    #[command(flatten)]
    bucket: BucketSettings,
    #[command(flatten)]
    readers: ReaderSettings,
    #[command(flatten)]
    host: HostSettings,
}

/// Settings of commands about releases: they don't read the tree.
#[derive(Debug, Args)]
pub struct ReleaseSetup {
    #[command(flatten)]
    key: KeySetting,
    #[command(flatten)]
    bucket: BucketSettings,
    #[command(flatten)]
    readers: ReaderSettings,
    #[command(flatten)]
    requests: RequestSetting,
    #[command(flatten)]
    retries: RetrySetting,
}

/// Settings of commands about a bucket: they read neither the tree nor the releases.
#[derive(Debug, Args)]
pub struct BucketSetup {
    #[command(flatten)]
    key: KeySetting,
    #[command(flatten)]
    bucket: BucketSettings,
    #[command(flatten)]
    readers: ReaderSettings,
    #[command(flatten)]
    retries: RetrySetting,
}

/// Settings of `doctor`, which checks the bucket, its CORS policy and the host in front of it.
#[derive(Debug, Args)]
pub struct DoctorSetup {
    #[command(flatten)]
    bucket: BucketSetup,
    #[command(flatten)]
    host: HostSettings,
    #[command(flatten)]
    cors: CorsSetting,
}

/// The settings above, by the name they have in the configuration, with their flag and variable.
pub const SETTINGS: [(&str, &str, &str); 17] = [
    ("key_file", "--key-file", "ASSETSYNC_KEY_FILE"),
    ("extensions", "--extensions", "ASSETSYNC_EXTENSIONS"),
    ("gzip_level", "--gzip-level", "ASSETSYNC_GZIP_LEVEL"),
    ("requests", "--requests", "ASSETSYNC_REQUESTS"),
    ("memory_mib", "--memory-mib", "ASSETSYNC_MEMORY_MIB"),
    (
        "retry_seconds",
        "--retry-seconds",
        "ASSETSYNC_RETRY_SECONDS",
    ),
    ("from", "--from", "ASSETSYNC_FROM"),
    ("to", "--to", "ASSETSYNC_TO"),
    ("endpoint", "--endpoint", "ASSETSYNC_ENDPOINT"),
    ("region", "--region", "ASSETSYNC_REGION"),
    ("access", "--access", "ASSETSYNC_ACCESS"),
    ("addressing", "--addressing", "ASSETSYNC_ADDRESSING"),
    ("state", "--state", "ASSETSYNC_STATE"),
    ("cors", "--cors", "ASSETSYNC_CORS"),
    ("public_url", "--public-url", "ASSETSYNC_PUBLIC_URL"),
    ("index", "--index", "ASSETSYNC_INDEX"),
    ("not_found", "--not-found", "ASSETSYNC_NOT_FOUND"),
];
