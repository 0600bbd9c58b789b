//! Samples for the rules of `more.toml`.

use super::*;

/// A rule of `more.toml`, and what it must find, in several forms.
type Samples = (&'static str, Vec<String>);

/// Addresses that take messages from anybody, and tokens that send some.
fn of_hooks() -> Vec<Samples> {
    let hook = format!("/{}/{}", random(DIGITS, 18), random(ALNUM, 68));
    let crypt = |len| random(ALNUM, len);
    let telegram = format!("{}:AA{}", random(DIGITS, 10), crypt(33));
    vec![
        (
            "discord-webhook-url",
            vec![
                format!("fetch('https://discord.com/api/webhooks{hook}')"),
                format!("https://discordapp.com/api/webhooks{hook}?wait=true"),
                format!("<form action=\"https://ptb.discord.com/api/v10/webhooks{hook}\">"),
                format!(
                    r#"{{"url":"https:\/\/discord.com\/api\/webhooks{}"}}"#,
                    hook.replace('/', r"\/")
                ),
            ],
        ),
        (
            "slack-webhook-url",
            vec![
                format!(
                    "https://hooks.slack.com/services/T{}/B{}/{}",
                    crypt(8),
                    crypt(10),
                    crypt(24)
                ),
                format!(
                    r"https:\/\/hooks.slack.com\/services\/T{}\/B{}\/{}",
                    crypt(8),
                    crypt(10),
                    crypt(24)
                ),
            ],
        ),
        (
            "zapier-webhook-url",
            vec![format!(
                "https://hooks.zapier.com/hooks/catch/7654321/{}/",
                random(LOWER, 7)
            )],
        ),
        (
            "azure-logic-app-url",
            vec![format!(
                "https://prod-07.westeurope.logic.azure.com:443/workflows/{}/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Frun&sv=1.0&sig={}",
                random(HEX, 32),
                crypt(43)
            )],
        ),
        (
            "telegram-bot-token",
            vec![
                format!("token = '{telegram}'"),
                format!("https://api.telegram.org/bot{telegram}/sendMessage"),
            ],
        ),
    ]
}

/// Tokens of OAuth, and hashes of passwords.
fn of_logins() -> Vec<Samples> {
    let crypt = |len| random(ALNUM, len);
    vec![
        (
            "google-oauth-client-secret",
            vec![format!("secret: 'GOCSPX-{}'", crypt(28))],
        ),
        (
            "google-oauth-access-token",
            vec![format!("\"ya29.{}\"", crypt(120))],
        ),
        (
            "google-oauth-refresh-token",
            vec![format!("\"token\": \"1//0{}\"", crypt(60))],
        ),
        (
            "oauth-client-secret",
            vec![
                format!("\"client_secret\": \"{}\"", crypt(40)),
                format!("clientSecret:'{}'", crypt(24)),
                format!("refresh_token = \"{}\"", crypt(64)),
                format!(r#"JSON.parse("{{\"refresh_token\":\"{}\"}}")"#, crypt(40)),
            ],
        ),
        (
            "password-hash",
            vec![
                format!("robin:$apr1${}${}\n", crypt(8), crypt(22)),
                format!("robin:$2y$10${}\n", crypt(53)),
                format!("{{\"password\":\"$2b$12${}\"}}", crypt(53)),
                format!("robin:{{SHA}}{}=\n", crypt(27)),
                format!("robin:{{SSHA}}{}==\n", crypt(38)),
                format!("robin:$6${}${}:19000:0\n", crypt(16), crypt(86)),
                format!("robin:$5$rounds=5000${}${}\n", crypt(16), crypt(43)),
                format!("robin:$1${}${}\n", crypt(8), crypt(22)),
                format!(
                    "robin:$argon2id$v=19$m=65536,t=3,p=4${}${}\n",
                    crypt(22),
                    crypt(43)
                ),
                format!("pbkdf2_sha256$600000${}${}=", crypt(22), crypt(43)),
            ],
        ),
    ]
}

/// Settings of sites and their databases.
fn of_sites() -> Vec<Samples> {
    vec![
        (
            "django-secret-key",
            vec![
                format!("SECRET_KEY = '{}'", random(LOWER, 50)),
                format!(
                    "os.environ.get(\"DJANGO_SECRET_KEY\", \"{}\")",
                    random(LOWER, 50)
                ),
                format!("<pre>\nSECRET_KEY={}\n</pre>", random(LOWER, 50)),
                format!("  secret_key_base: \"{}\"", random(HEX, 128)),
                format!("'django-insecure-{}'", random(LOWER, 50)),
            ],
        ),
        (
            "wordpress-salt",
            vec![
                format!("define('AUTH_KEY',         '{}');", random(ALNUM, 64)),
                format!("define( \"SECURE_AUTH_SALT\", \"{}\" );", random(ALNUM, 64)),
                format!("NONCE_KEY='{}'", random(ALNUM, 64)),
            ],
        ),
        (
            "database-password",
            vec![
                format!("define('DB_PASSWORD', '{}');", random(LOWER, 12)),
                format!("MYSQL_ROOT_PASSWORD: \"{}\"", random(LOWER, 12)),
            ],
        ),
    ]
}

/// Private keys of any form.
fn of_keys() -> Vec<Samples> {
    let key32 = || format!("{}A=", random(ALNUM, 42));
    let crypt = |len| random(ALNUM, len);
    vec![
        (
            "kubernetes-client-key",
            vec![
                format!("    client-key-data: LS0tLS1CRUdJTi{}\n", crypt(400)),
                format!("\"client-key-data\":\"{}\"", crypt(200)),
            ],
        ),
        (
            "wireguard-key",
            vec![
                format!(
                    "[Interface]\nPrivateKey = {}\nAddress = 10.8.0.2/24\n",
                    key32()
                ),
                format!("[Peer]\nPresharedKey={}\n", key32()),
                format!("\"private_key\": \"{}\"", key32()),
            ],
        ),
        (
            "putty-private-key",
            vec![
                format!(
                    "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nPrivate-Lines: 1\r\n{}\r\n",
                    crypt(48)
                ),
                format!(
                    "'PuTTY-User-Key-File-2: ssh-rsa\\nPrivate-Lines: 14\\n{}'",
                    crypt(64)
                ),
            ],
        ),
        (
            "ssh2-private-key",
            vec![format!(
                "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"hunt\"\n{}\n",
                crypt(70)
            )],
        ),
    ]
}

/// Keys of clouds.
fn of_clouds() -> Vec<Samples> {
    let base64 = || random(ALNUM, 86);
    let secret40 = || format!("{}/{}", random(ALNUM, 19), random(LETTERS, 20));
    let crypt = |len| random(ALNUM, len);
    vec![
        (
            "aws-secret-access-key",
            vec![
                format!("aws_secret_access_key = {}\n", secret40()),
                format!("export AWS_SECRET_ACCESS_KEY=\"{}\"", secret40()),
                format!("secretAccessKey: '{}',", secret40()),
                format!("{{\"SecretAccessKey\": \"{}\"}}", secret40()),
                format!("<td>AWS_SECRET_KEY</td><td>{}</td>", secret40()),
            ],
        ),
        (
            "azure-account-key",
            vec![
                format!(
                    "DefaultEndpointsProtocol=https;AccountName=hunt;AccountKey={}==;EndpointSuffix=core.windows.net",
                    base64()
                ),
                format!("AZURE_STORAGE_KEY='{}=='", base64()),
                format!(
                    "Endpoint=sb://hunt.servicebus.windows.net/;SharedAccessKeyName=all;SharedAccessKey={}=",
                    crypt(43)
                ),
            ],
        ),
        (
            "azure-sas-url",
            vec![
                format!(
                    "https://hunt.blob.core.windows.net/a?sp=r&st=2026-01-02T03:04:05Z&sv=2022-11-02&sr=c&sig={}%3D",
                    crypt(43)
                ),
                format!(
                    "<img src=\"https://hunt.blob.core.windows.net/a/b.png?sig={}%3D&amp;se=2026-01-02&amp;sv=2021-06-08\">",
                    crypt(43)
                ),
            ],
        ),
    ]
}

/// Logins of people: cookies, passwords, and what makes some.
fn of_people() -> Vec<Samples> {
    let alnum = |len| random(ALNUM, len);
    vec![
        (
            "browser-cookie",
            vec![
                format!(
                    "\n.example.net\tTRUE\t/\tTRUE\t1790000000\tsid\t{}",
                    alnum(20)
                ),
                format!(
                    "\n#HttpOnly_hunt.example.net\tFALSE\t/a/\tFALSE\t0\tsid\t{}",
                    alnum(20)
                ),
            ],
        ),
        (
            "container-registry-login",
            vec![
                format!(
                    "{{\"auths\": {{\"ghcr.example\": {{\"auth\": \"{}\"}}}}}}",
                    alnum(24)
                ),
                format!(
                    "{{\"auths\":{{\"a.example\":{{}},\"https://b.example/v1/\":{{\"email\":\"a@b.c\",\"identitytoken\":\"{}\"}}}}}}",
                    alnum(40)
                ),
            ],
        ),
        (
            "one-time-password-secret",
            vec![
                format!(
                    "otpauth://totp/Hunt:robin@example.net?secret={}&issuer=Hunt",
                    random(UPPER, 32)
                ),
                format!("otpauth-migration://offline?data={}%3D", alnum(60)),
            ],
        ),
        (
            "postgres-password",
            vec![
                "\ndb.example.net:5432:hunt:robin:n0rthw1nd\n".to_string(),
                "\n*:*:*:robin:gullsgulls\n".to_string(),
            ],
        ),
        (
            "command-line-password",
            vec![
                "mysql -h db -u robin -pn0rthw1nd hunt".to_string(),
                "mysqldump --user=robin --password=gullsgulls hunt".to_string(),
                "PGPASSWORD=n0rthw1nd psql hunt".to_string(),
                "sshpass -p 'n0rthw1nd' ssh db".to_string(),
            ],
        ),
    ]
}

/// Tokens of services for offices and messages.
fn of_offices() -> Vec<Samples> {
    let alnum = |len| random(ALNUM, len);
    let hex = |len| random(HEX, len);
    vec![
        ("figma-token", vec![["fig", "d_", &alnum(40)].concat()]),
        (
            "notion-api-token",
            vec![
                ["secr", "et_", &alnum(43)].concat(),
                ["nt", "n_", &alnum(46)].concat(),
            ],
        ),
        (
            "airtable-token",
            vec![format!("pat{}.{}", alnum(14), hex(64))],
        ),
        ("mailchimp-key", vec![format!("{}-us21", hex(32))]),
        (
            "postmark-token",
            vec![
                format!("X-Postmark-Server-Token: {}", uuid()),
                format!("POSTMARK_KEY='{}'", uuid()),
            ],
        ),
        (
            "twilio-auth-token",
            vec![
                format!("TWILIO_AUTH_TOKEN={}", hex(32)),
                format!("let call = twilio(id, '{}')", hex(32)),
            ],
        ),
        (
            "trello-token",
            vec![
                ["ATT", "A", &hex(64)].concat(),
                format!("trello_key: \"{}\"", hex(32)),
            ],
        ),
        (
            "resend-api-key",
            vec![format!("re_{}_{}", alnum(8), alnum(24))],
        ),
        (
            "mapbox-secret-token",
            vec![["sk", ".ey", "J", &alnum(80), ".", &alnum(22)].concat()],
        ),
        (
            "firebase-messaging-key",
            vec![format!("AAAA{}:APA91b{}", alnum(7), alnum(134))],
        ),
    ]
}

/// Tokens of services that run and build things.
fn of_hosts() -> Vec<Samples> {
    let alnum = |len| random(ALNUM, len);
    let hex = |len| random(HEX, len);
    vec![
        ("render-api-key", vec![["rn", "d_", &alnum(32)].concat()]),
        (
            "vercel-token",
            vec![
                ["vc", "p_", &alnum(56)].concat(),
                format!("VERCEL_TOKEN={}", alnum(24)),
            ],
        ),
        ("netlify-token", vec![["nf", "p_", &alnum(36)].concat()]),
        (
            "supabase-token",
            vec![
                ["sb", "p_", &hex(40)].concat(),
                ["sb_", "secret_", &alnum(34)].concat(),
            ],
        ),
        ("docker-token", vec![["dck", "r_pat_", &alnum(27)].concat()]),
        (
            "tailscale-key",
            vec![format!("tskey-auth-{}-{}", alnum(12), alnum(32))],
        ),
        (
            "circleci-token",
            vec![format!("CCIPAT_{}_{}", alnum(22), hex(40))],
        ),
        ("buildkite-token", vec![["bk", "ua_", &alnum(40)].concat()]),
        ("groq-api-key", vec![["gs", "k_", &alnum(52)].concat()]),
        ("xai-api-key", vec![["xa", "i-", &alnum(80)].concat()]),
        ("replicate-token", vec![["r", "8_", &alnum(37)].concat()]),
    ]
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let all = [
        of_hooks(),
        of_logins(),
        of_sites(),
        of_keys(),
        of_clouds(),
        of_people(),
        of_offices(),
        of_hosts(),
    ];
    let one_each = |(rule, texts): Samples| texts.into_iter().map(move |text| (rule, text));
    all.into_iter().flatten().flat_map(one_each).collect()
}
