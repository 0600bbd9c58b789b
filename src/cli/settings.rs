//! Settings that many commands share, as flags and variables. All are text here: they are read where the configuration is.

use clap::Args;

/// Settings of every command that names objects. All are text here: they are read where the
/// configuration is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    #[command(flatten)]
    key: KeySetting,
    /// Publish these extensions besides the usual ones, separated by commas
    #[arg(
        long,
        value_name = "LIST",
        env = "ASSETSYNC_EXTENSIONS",
        hide_env_values = true,
        hide_short_help = true
    )]
    extensions: Option<String>,
    /// From 0 (fast) to 9 (small) [default: 9]
    #[arg(
        long,
        value_name = "LEVEL",
        env = "ASSETSYNC_GZIP_LEVEL",
        hide_env_values = true,
        hide_short_help = true
    )]
    gzip_level: Option<String>,
    /// Requests in flight [default: 64]
    #[arg(
        long,
        value_name = "N",
        env = "ASSETSYNC_REQUESTS",
        hide_env_values = true,
        hide_short_help = true
    )]
    requests: Option<String>,
    /// File content in memory at a time, in MiB [default: 64]
    #[arg(
        long,
        value_name = "MIB",
        env = "ASSETSYNC_MEMORY_MIB",
        hide_env_values = true,
        hide_short_help = true
    )]
    memory_mib: Option<String>,
    #[command(flatten)]
    retries: RetrySetting,
}

/// The key, for commands that find what is named by it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct KeySetting {
    /// The file with the secret
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSETSYNC_KEY_FILE",
        hide_env_values = true
    )]
    key_file: Option<String>,
}

/// For commands that ask a storage.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct RetrySetting {
    /// Time for which a failing request is retried [default: 300]
    #[arg(
        long,
        value_name = "SECONDS",
        env = "ASSETSYNC_RETRY_SECONDS",
        hide_env_values = true,
        hide_short_help = true
    )]
    retry_seconds: Option<String>,
}

/// Source, for commands that need no target.
#[derive(Debug, Args)]
pub struct SourceSetting {
    /// Publish this folder, instead of the configured sources
    #[arg(
        long,
        value_name = "DIR",
        env = "ASSETSYNC_FROM",
        hide_env_values = true
    )]
    from: Option<String>,
}

/// Settings of a source and a target, for runs without a configuration.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct PlaceSettings {
    #[command(flatten)]
    bucket: BucketSettings,
    #[command(flatten)]
    readers: ReaderSettings,
    #[command(flatten)]
    cors: CorsSetting,
}

/// Bucket, for commands that work on it alone.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct BucketSettings {
    #[command(flatten)]
    source: SourceSetting,
    /// Publish to file:FOLDER, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX
    #[arg(long, value_name = "URL", env = "ASSETSYNC_TO", hide_env_values = true)]
    to: Option<String>,
    /// Another server than Amazon's or Google's
    #[arg(
        long,
        value_name = "URL",
        env = "ASSETSYNC_ENDPOINT",
        hide_env_values = true
    )]
    endpoint: Option<String>,
    /// The bucket's region
    #[arg(
        long,
        value_name = "REGION",
        env = "ASSETSYNC_REGION",
        hide_env_values = true
    )]
    region: Option<String>,
    /// path: https://server/bucket; virtual: https://bucket.server [default: as the server usually wants it]
    #[arg(
        long,
        value_name = "HOW",
        env = "ASSETSYNC_ADDRESSING",
        hide_env_values = true,
        hide_short_help = true
    )]
    addressing: Option<String>,
}

/// Readers of a target.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct ReaderSettings {
    /// bucket: send no ACL; object-acl: public-read on every object [default: bucket]
    #[arg(
        long,
        value_name = "HOW",
        env = "ASSETSYNC_ACCESS",
        hide_env_values = true
    )]
    access: Option<String>,
    /// Keep the releases here, instead of in the target itself
    #[arg(
        long,
        value_name = "URL",
        env = "ASSETSYNC_STATE",
        hide_env_values = true,
        hide_short_help = true
    )]
    state: Option<String>,
    /// URL at which browsers find the objects
    #[arg(
        long,
        value_name = "URL",
        env = "ASSETSYNC_PUBLIC_URL",
        hide_env_values = true
    )]
    public_url: Option<String>,
    /// The page that the host shows for a folder: index.html
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSETSYNC_INDEX",
        hide_env_values = true,
        hide_short_help = true
    )]
    index: Option<String>,
    /// The page that the host shows where nothing is
    #[arg(
        long,
        value_name = "PATH",
        env = "ASSETSYNC_NOT_FOUND",
        hide_env_values = true,
        hide_short_help = true
    )]
    not_found: Option<String>,
}

/// The file of a target's CORS policy.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct CorsSetting {
    /// The CORS policy that the bucket should have
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSETSYNC_CORS",
        hide_env_values = true,
        hide_short_help = true
    )]
    cors: Option<String>,
}

/// Settings of every command that names objects of a target.
#[derive(Debug, Args)]
pub struct Setup {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    place: PlaceSettings,
}

/// Settings of commands that look at a bucket and not at files.
#[derive(Debug, Args)]
pub struct BucketSetup {
    #[command(flatten)]
    key: KeySetting,
    #[command(flatten)]
    retries: RetrySetting,
    #[command(flatten)]
    bucket: BucketSettings,
    #[command(flatten)]
    readers: ReaderSettings,
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
