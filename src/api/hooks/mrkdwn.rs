//! Slack's mark-up, `mrkdwn`, as the Markdown of messages.
//!
//! Bodies for Mattermost have Markdown already, with which Slack's mark-up hardly collides: only one asterisk on each
//! side means bold here, and two stay two.

use besedka_core::model::UserId;

/// A text with what was mentioned in it by id.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Formatted {
    pub text: String,
    pub mentioned: Vec<UserId>,
}

/// Translates a text.
pub fn markdown(text: &str) -> Formatted {
    let mut formatted = Formatted::default();
    // Code is left as it is, but for the escapes.
    for (index, part) in text.split("```").enumerate() {
        if index > 0 {
            formatted.text.push_str("```");
        }
        if index % 2 == 1 {
            formatted.text.push_str(&unescape(part));
            continue;
        }
        for (index, part) in part.split('`').enumerate() {
            if index > 0 {
                formatted.text.push('`');
            }
            match index % 2 {
                1 => formatted.text.push_str(&unescape(part)),
                _ => prose(part, &mut formatted),
            }
        }
    }
    formatted
}

/// Reverses the three escapes of Slack.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn prose(text: &str, to: &mut Formatted) {
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, from) = rest.split_at(start);
        to.text.push_str(&unescape(&bold(before)));
        let inside = from[1..].find(['<', '>', '\n']).filter(|end| from.as_bytes()[*end + 1] == b'>');
        match inside.and_then(|end| Some((reference(&from[1..=end], to)?, end))) {
            Some((shown, end)) => {
                to.text.push_str(&shown);
                rest = &from[end + 2..];
            }
            None => {
                to.text.push('<');
                rest = &from[1..];
            }
        }
    }
    to.text.push_str(&unescape(&bold(rest)));
}

/// What stands between angle brackets: a link, or somebody or something that is mentioned. `None` if it is none of them.
fn reference(inside: &str, to: &mut Formatted) -> Option<String> {
    let (target, label) =
        inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    let label = label.map(unescape).filter(|label| !label.trim().is_empty());
    if let Some(user) = target.strip_prefix('@') {
        if let Ok(id) = user.parse() {
            to.mentioned.push(UserId(id));
        }
        return Some(format!("@{}", label.as_deref().unwrap_or(user).trim_start_matches('@')));
    }
    if let Some(channel) = target.strip_prefix('#') {
        return Some(format!("#{}", label.as_deref().unwrap_or(channel).trim_start_matches('#')));
    }
    if let Some(command) = target.strip_prefix('!') {
        let name = command.split('^').next().unwrap_or_default();
        return Some(match (name, label) {
            ("channel" | "here" | "everyone" | "group", _) => "@all".to_owned(),
            (_, Some(label)) => label,
            ("date", None) => command.rsplit('^').next().unwrap_or_default().to_owned(),
            (_, None) => format!("@{name}"),
        });
    }
    let is_link = ["http://", "https://", "mailto:", "tel:"]
        .iter()
        .any(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    is_link.then(|| link(&unescape(target), label.as_deref()))
}

/// A link in Markdown; one whose label says nothing more is its address alone.
pub fn link(url: &str, label: Option<&str>) -> String {
    let is_web = url.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http"));
    match label.map(str::trim).filter(|label| !label.is_empty() && *label != url) {
        Some(label) if is_web => {
            // The web client's Markdown has no escapes: brackets would end the label, parentheses the address.
            let label = label.replace('[', "(").replace(']', ")").replace('\n', " ");
            let url = url.replace(' ', "%20").replace('(', "%28").replace(')', "%29");
            format!("[{label}]({url})")
        }
        Some(label) => label.to_owned(),
        None if is_web => url.to_owned(),
        None => url.split_once(':').map_or(url, |(_, rest)| rest).to_owned(),
    }
}

/// `*bold*` as `**bold**`, and `~struck~` as `~~struck~~`.
fn bold(text: &str) -> String {
    let text = doubled(text, '*');
    doubled(&text, '~')
}

/// Doubles single marks around a part of a line.
fn doubled(text: &str, mark: char) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: Option<usize>| index.and_then(|index| chars.get(index)).copied();
    let is_single = |index: usize| {
        chars[index] == mark
            && at(index.checked_sub(1)) != Some(mark)
            && at(index.checked_add(1)) != Some(mark)
    };
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut shown = String::with_capacity(text.len());
    let mut index = 0;
    while index < chars.len() {
        let opens = is_single(index)
            && is_edge(at(index.checked_sub(1)))
            && at(Some(index + 1)).is_some_and(|c| !c.is_whitespace());
        let end = opens
            .then(|| {
                (index + 2..chars.len()).take_while(|end| chars[*end] != '\n').find(|end| {
                    is_single(*end) && !chars[*end - 1].is_whitespace() && is_edge(at(Some(*end + 1)))
                })
            })
            .flatten();
        match end {
            Some(end) => {
                shown.extend([mark, mark]);
                shown.extend(&chars[index + 1..end]);
                shown.extend([mark, mark]);
                index = end + 1;
            }
            None => {
                shown.push(chars[index]);
                index += 1;
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        markdown(text).text
    }

    #[test]
    fn links_and_escapes_are_translated() {
        for (mrkdwn, markdown) in [
            ("see <http://example.org|the &lt;page&gt;>", "see [the <page>](http://example.org)"),
            ("<https://example.org/?a=1&amp;b=2>", "https://example.org/?a=1&b=2"),
            ("<https://example.org|https://example.org>", "https://example.org"),
            ("<https://example.org/a(b)|c [d]>", "[c (d)](https://example.org/a%28b%29)"),
            ("<mailto:ann@example.org|ann@example.org>", "ann@example.org"),
            ("<mailto:ann@example.org>", "ann@example.org"),
            ("a &lt; b &amp;&amp; b &gt; c &amp;lt;", "a < b && b > c &lt;"),
            ("a < b > c", "a < b > c"),
            ("<b>bold</b>", "<b>bold</b>"),
            ("1 < 2 <https://example.org|x", "1 < 2 <https://example.org|x"),
            ("`<http://a|b> &amp; *c*`", "`<http://a|b> & *c*`"),
            ("```\n<http://a|b> &lt;\n```", "```\n<http://a|b> <\n```"),
        ] {
            assert_eq!(shown(mrkdwn), markdown, "{mrkdwn}");
        }
    }

    #[test]
    fn everybody_and_people_are_mentioned() {
        assert_eq!(shown("<!channel> <!here|here> <!everyone>: look"), "@all @all @all: look");
        assert_eq!(shown("<!subteam^S1|@ops> <#C1|general> <#C1>"), "@ops #general #C1");
        assert_eq!(shown("<!date^1392734382^{date}|Feb 18>"), "Feb 18");
        let text = markdown("<@U1> <@U2|ann> <@253402300863>");
        assert_eq!(text.text, "@U1 @ann @253402300863");
        assert_eq!(text.mentioned, [UserId(253_402_300_863)]);
    }

    #[test]
    fn one_asterisk_is_bold_and_two_stay() {
        for (mrkdwn, markdown) in [
            ("*Firing* now", "**Firing** now"),
            ("**Firing** now", "**Firing** now"),
            ("(*a b*), *c*", "(**a b**), **c**"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("* item\n* item", "* item\n* item"),
            ("a*b*c", "a*b*c"),
            ("~gone~ ~~gone~~ ~/a ~/b", "~~gone~~ ~~gone~~ ~/a ~/b"),
            ("_it_", "_it_"),
        ] {
            assert_eq!(shown(mrkdwn), markdown, "{mrkdwn}");
        }
    }
}
