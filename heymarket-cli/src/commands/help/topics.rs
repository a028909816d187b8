//! Help topics that belong to no single command.

pub(super) const LIST: &str = "\
Topics:
  environment  Environment variables and their precedence
  exit-codes   The meaning of exit codes
  options      The options of all commands
  times        The forms of times
";

const ENVIRONMENT: &str = "\
Environment variables. An empty variable counts as unset.

  HEYMARKET_API_SECRET_ID   the ID of an API secret, from Settings > Integrations > API
  HEYMARKET_API_SECRET_KEY  its key
  HEYMARKET_API_KEY         a legacy team API key, used where no secret is set
  HEYMARKET_BASE_URL        the server instead of https://api.heymarket.com; ignored with a
                            profile, whose secret goes to the profile's server only
  HEYMARKET_PROFILE         the profile to use; see `heymarket auth`
  HEYMARKET_CONFIG_DIR      the folder of config.toml and of the names that were looked up; by
                            default heymarket in $XDG_CONFIG_HOME or ~/.config, on Windows in
                            %APPDATA%
  HEYMARKET_PAGER, PAGER    the pager for output that is longer than the screen; by default less,
                            and `cat` turns paging off
  HEYMARKET_GATEWAY_TOKEN   the token that callers of `heymarket gateway` send; without it, one is
                            made and kept in a file
  HEYMARKET_OUTBOX          the file of `heymarket bulk`; by default heymarket/outbox.db in
                            $XDG_DATA_HOME or ~/.local/share, on Windows in %APPDATA%
  HEYMARKET_SHARED_LIMIT    the postgres:// or redis:// URL of the database in which `heymarket
                            gateway` shares the rate limit with other hosts
  NO_COLOR                  turns colors off, as --color never does
  HEYMARKET_WEBHOOK_TOKEN   the verification token for `heymarket listen` and `trigger`
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY
                            the proxy for requests; never used for this machine
  TZ                        the time zone of times in tables

Precedence, highest first:
  credentials  --sandbox; --secret-command or --profile; HEYMARKET_API_SECRET_ID with
               HEYMARKET_API_SECRET_KEY; HEYMARKET_API_KEY; HEYMARKET_PROFILE; the profile
               of `heymarket auth login` or `heymarket auth switch`
  webhook      --token; HEYMARKET_WEBHOOK_TOKEN
  server       --sandbox; --base-url; with a profile, the profile's; without one,
               HEYMARKET_BASE_URL; https://api.heymarket.com
  --inbox, --as, --member, --country
               the flag; the default of the profile; the default of the file; see
               `heymarket config`
";

const EXIT_CODES: &str = "Exit codes:

  0    success, also if the reader of the output closes it early
  1    failure without a known effect, or a declined confirmation
  2    usage: the command line or the request is invalid, and nothing was sent
  3    not found: no such ID
  4    credentials: missing, rejected, or without permission
  5    rate limited, in spite of waiting
  6    outcome unknown: the request may have taken effect; check before retrying
  7    unsubscribed: the recipient opted out of messages
  8    bulk: something of the batch was refused, expired or needs a review
  130  interrupted by Ctrl-C or SIGTERM
";

const TIMES: &str = "\
A flag that takes a TIME takes one of these:

  2026-05-07T12:00:00Z   a time of RFC 3339, also with an offset such as +02:00
  2026-05-07 12:00       a time in the local time zone, which TZ sets
  2026-05-07             the beginning of a day, in the local time zone
  tomorrow 9am           a day and a time of day: today, tomorrow, yesterday or a weekday, and
                         9am, 9:30pm, 14:30, noon or midnight; either may be left out
  now                    the time of this machine
  2h ago                 a span before now: 90s, 45m, 2h, 3d, 1w, 6mo, 1y, or 1d 12h
  in 2h                  a span from now on
  2h                     a span before now; with --at, the time of a scheduled message, from now on

Scheduled messages are sent on the quarter hour: --at rounds every form but RFC 3339 up.
In JSON, as for --body, times are those of RFC 3339.
";

/// The topic whose text comes from the options themselves.
pub(super) const OPTIONS: &str = "options";

/// Returns the text of a topic.
pub(super) fn text(topic: &str) -> Option<&'static str> {
    match topic {
        "environment" => Some(ENVIRONMENT),
        "exit-codes" => Some(EXIT_CODES),
        "times" => Some(TIMES),
        _ => None,
    }
}
