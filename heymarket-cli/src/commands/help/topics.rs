//! What there is to know that belongs to no single command.

pub(super) const LIST: &str = "\
Topics:
  environment  The variables that are read, and what comes before what
  exit-codes   What the exit codes mean
  times        How times are written
";

const ENVIRONMENT: &str = "\
Variables of the environment. An empty one counts as one that is not set.

  HEYMARKET_API_SECRET_ID   the id of an API secret, from Settings > Integrations > API
  HEYMARKET_API_SECRET_KEY  its key
  HEYMARKET_API_KEY         a legacy team API key, used where no secret is set
  HEYMARKET_BASE_URL        another server than https://api.heymarket.com; it has no effect on a
                            profile, whose secret goes to the profile's server only
  HEYMARKET_PROFILE         the profile to use; see `heymarket auth`
  HEYMARKET_CONFIG_DIR      the folder of config.toml, which holds the profiles; by default
                            heymarket in $XDG_CONFIG_HOME or ~/.config, on Windows in %APPDATA%
  HEYMARKET_WEBHOOK_TOKEN   the verification token for `heymarket listen` and `trigger`
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY
                            the proxy on the way to the server; never used for this machine
  TZ                        the time zone of the times in tables

What comes first is used:
  credentials  --sandbox; --secret-command or --profile; HEYMARKET_API_SECRET_ID with
               HEYMARKET_API_SECRET_KEY; HEYMARKET_API_KEY; HEYMARKET_PROFILE; the profile
               that `heymarket auth switch` chose
  webhook      --token; HEYMARKET_WEBHOOK_TOKEN
  server       --sandbox; --base-url; with a profile, the profile's; without one,
               HEYMARKET_BASE_URL; https://api.heymarket.com
";

const EXIT_CODES: &str = "\
  0  done; also when the reader of the output was satisfied early
  1  failed, and the request had no effect as far as is known; or it was declined
  2  usage: the command line or the request cannot be right, and nothing was sent
  3  not found: nothing has this id
  4  credentials: there are none, they are not accepted, or they do not allow this
  5  rate limited: there were more requests than the limit allows, in spite of waiting
  6  outcome unknown: the request may have been acted on; look before you send it again
";

const TIMES: &str = "\
A flag that takes a TIME takes one of these:

  2026-05-07T12:00:00Z   a time of RFC 3339, also with an offset such as +02:00
  2026-05-07 12:00       a time in the local time zone, which TZ sets
  2026-05-07             the beginning of a day, in the local time zone
  now                    the time of this machine
  2h ago                 a span before now: 90s, 45m, 2h, 3d, 1w, 6mo, 1y, or 1d 12h
  in 2h                  a span from now on
  2h                     a span before now; of --at, the time of a scheduled message, from now on

A span of --at ends at the next quarter of an hour, since messages are scheduled for no other times.
In JSON, as for --body, times are those of RFC 3339.
";

/// The text of a topic.
pub(super) fn text(topic: &str) -> Option<&'static str> {
    match topic {
        "environment" => Some(ENVIRONMENT),
        "exit-codes" => Some(EXIT_CODES),
        "times" => Some(TIMES),
        _ => None,
    }
}
