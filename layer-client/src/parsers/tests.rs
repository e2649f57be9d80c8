//! Markup and entities, there and back.

use layer_tl_types::enums::MessageEntity;
use layer_tl_types::types as t;

use super::{entity, generate_html, generate_markdown, html, html_tokens, parse_markdown};

/// By our own reader. What we write ourselves all readers understand alike.
fn parse_html(source: &str) -> (String, Vec<MessageEntity>) {
    let own = html::read(html_tokens::tokens(source));
    if generate_html(&own.0, &own.1) == source {
        assert_eq!(super::parse_html(source), own, "{source}");
    }
    own
}

/// Numbers from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(most).unwrap()).unwrap()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Short pieces full of what means something somewhere, and of what has two units or many
    /// characters.
    fn text(&mut self, pieces: usize) -> String {
        const PIECES: [&str; 48] = [
            "a",
            "b",
            " ",
            "\n",
            "*",
            "**",
            "_",
            "__",
            "~",
            "~~",
            "|",
            "||",
            "`",
            "```",
            "[",
            "]",
            "(",
            ")",
            "](",
            "!",
            "![",
            ">",
            "\n>",
            "**>",
            "\\",
            "<",
            "&",
            ";",
            "&amp;",
            "&lt;",
            "<b>",
            "</b>",
            "\"",
            "'",
            "=",
            "tg://user?id=5",
            "😀",
            "🇩🇪",
            "e\u{301}",
            "👩‍👩‍👧",
            "ß",
            "\r\n",
            "\u{0}",
            "\u{feff}",
            "<pre><code class=\"language-x\">",
            "</code>",
            "</pre>",
            "#tag",
        ];
        (0..pieces).map(|_| self.one(&PIECES)).collect()
    }

    fn entity(&mut self) -> MessageEntity {
        let id = self.one(&[0, 5, -7, i64::MAX, i64::MIN]);
        let words = self.below(4);
        let text = self.text(words);
        match self.below(28) {
            0 => entity::bold(),
            1 => entity::italic(),
            2 => entity::underline(),
            3 => entity::strike(),
            4 => entity::spoiler(),
            5 => entity::code(),
            6 => entity::pre(self.one(&["", "rust", "c++", "objective c", "`", "\"\r\n"])),
            7 => entity::blockquote(false),
            8 => entity::blockquote(true),
            9 => entity::custom_emoji(id),
            10 => t::MessageEntityTextUrl { offset: 0, length: 0, url: text }.into(),
            11 => t::MessageEntityTextUrl {
                offset: 0,
                length: 0,
                url: "https://a.b/(c)?d=\"e\"&f".to_owned(),
            }
            .into(),
            12 => {
                t::MessageEntityTextUrl { offset: 0, length: 0, url: "tg://entity?bold".to_owned() }
                    .into()
            }
            13 => t::MessageEntityMentionName { offset: 0, length: 0, user_id: id }.into(),
            14 => {
                let user = t::InputUser { user_id: id, access_hash: -id.max(-9) };
                t::InputMessageEntityMentionName { offset: 0, length: 0, user_id: user.into() }
                    .into()
            }
            15 => {
                let mut date = t::MessageEntityFormattedDate::new(0, 0, -5);
                (date.relative, date.long_time) = (self.below(2) == 0, self.below(2) == 0);
                date.into()
            }
            16 => t::MessageEntityDiffReplace { offset: 0, length: 0, old_text: text }.into(),
            17 => t::MessageEntityUnknown { offset: 0, length: 0 }.into(),
            18 => t::MessageEntityMention { offset: 0, length: 0 }.into(),
            19 => t::MessageEntityHashtag { offset: 0, length: 0 }.into(),
            20 => t::MessageEntityBotCommand { offset: 0, length: 0 }.into(),
            21 => t::MessageEntityUrl { offset: 0, length: 0 }.into(),
            22 => t::MessageEntityEmail { offset: 0, length: 0 }.into(),
            23 => t::MessageEntityPhone { offset: 0, length: 0 }.into(),
            24 => t::MessageEntityCashtag { offset: 0, length: 0 }.into(),
            25 => t::MessageEntityBankCard { offset: 0, length: 0 }.into(),
            26 => t::MessageEntityTonAddress { offset: 0, length: 0 }.into(),
            _ => t::MessageEntityDiffInsert { offset: 0, length: 0 }.into(),
        }
    }

    /// Entities in order and properly nested, whole characters each: as a server sends them.
    fn nested(&mut self, edges: &[i32], depth: usize, out: &mut Vec<MessageEntity>) {
        let mut at = 0;
        while at + 1 < edges.len() {
            if self.below(3) == 0 {
                at += 1;
                continue;
            }
            let end = at + 1 + self.below(edges.len() - at - 1);
            let mut entity = self.entity();
            entity::set_range(&mut entity, edges[at], edges[end] - edges[at]);
            out.push(entity);
            if depth < 4 && self.below(2) == 0 {
                self.nested(&edges[at..=end], depth + 1, out);
            }
            at = end;
        }
    }
}

/// Where in UTF-16 units the characters of a text begin, and where it ends.
fn edges(text: &str) -> Vec<i32> {
    let mut edges = vec![0];
    for character in text.chars() {
        edges.push(edges[edges.len() - 1] + i32::try_from(character.len_utf16()).unwrap());
    }
    edges
}

fn ranged(mut entity: MessageEntity, at: i32, len: i32) -> MessageEntity {
    entity::set_range(&mut entity, at, len);
    entity
}

/// In order of beginning, the longer first; what is equal in range in the order of the list.
fn in_order(mut entities: Vec<MessageEntity>) -> Vec<MessageEntity> {
    entities.sort_by_key(|entity| {
        let (at, len) = entity::range(entity).unwrap();
        (at, -len)
    });
    entities
}

fn comes_back(text: &str, entities: &[MessageEntity], expected: &[MessageEntity], seed: u64) {
    let markdown = generate_markdown(text, entities);
    let (read, found) = parse_markdown(&markdown);
    assert_eq!(read, text, "seed {seed}: {markdown}");
    assert_eq!(found, expected, "seed {seed}: {markdown}");
    let html = generate_html(text, entities);
    let (read, found) = parse_html(&html);
    assert_eq!(read, text, "seed {seed}: {html}");
    assert_eq!(found, expected, "seed {seed}: {html}");
}

#[test]
fn every_list_of_nested_entities_comes_back_as_it_was() {
    for seed in 0..1_500 {
        let mut dice = Dice(seed);
        let len = 1 + dice.below(12);
        let text = dice.text(len);
        let mut entities = Vec::new();
        dice.nested(&edges(&text), 0, &mut entities);
        let expected = in_order(entities.clone());
        comes_back(&text, &expected, &expected, seed);
    }
}

#[test]
fn every_list_whatsoever_comes_back_with_the_same_over_each_unit() {
    for seed in 0..1_500 {
        let mut dice = Dice(seed);
        let len = 1 + dice.below(10);
        let text = dice.text(len);
        let units = text.encode_utf16().count();
        let random = |dice: &mut Dice| {
            let at = i32::try_from(dice.below(units + 4)).unwrap() - 2;
            let len = i32::try_from(dice.below(units + 4)).unwrap() - 1;
            ranged(dice.entity(), at, len)
        };
        let count = dice.below(7);
        let mut entities: Vec<_> = (0..count).map(|_| random(&mut dice)).collect();
        if dice.below(9) == 0 {
            entities.push(ranged(entity::bold(), i32::MAX, i32::MAX));
            entities.push(ranged(entity::bold(), i32::MIN, i32::MAX));
        }
        let (read, found) = parse_html(&generate_html(&text, &entities));
        assert_eq!(read, text, "seed {seed}");
        // What is found is a list as the server has it, and comes back by both ways.
        comes_back(&text, &entities, &found, seed);
        comes_back(&text, &found, &found, seed);
        assert_eq!(found, in_order(found.clone()), "seed {seed}");
        let whole = pairs_whole(&text, &entities);
        for unit in 0..i32::try_from(units).unwrap() {
            assert_eq!(over(&found, unit), over(&whole, unit), "seed {seed}, unit {unit}");
        }
    }
}

/// What is over a unit, without its range, in an order of its own.
fn over(entities: &[MessageEntity], unit: i32) -> Vec<String> {
    let covers = |entity: &&MessageEntity| {
        let (at, len) = entity::range(entity).unwrap();
        at <= unit && i64::from(unit) < i64::from(at) + i64::from(len)
    };
    let kind = |entity: &MessageEntity| format!("{:?}", ranged(entity.clone(), 0, 0));
    let mut kinds: Vec<_> = entities.iter().filter(covers).map(kind).collect();
    kinds.sort();
    kinds
}

/// The same, each grown to whole surrogate pairs.
fn pairs_whole(text: &str, entities: &[MessageEntity]) -> Vec<MessageEntity> {
    let edges = edges(text);
    let grown = |entity: &MessageEntity| {
        let (at, len) = entity::range(entity).unwrap();
        let (from, to) = (i64::from(at), i64::from(at) + i64::from(len));
        let from = edges.iter().copied().filter(|edge| i64::from(*edge) <= from).max();
        let to = edges.iter().copied().find(|edge| i64::from(*edge) >= to);
        let (from, to) = (from.unwrap_or(0), to.unwrap_or(edges[edges.len() - 1]));
        let is_empty = len <= 0 || i64::from(at) + i64::from(len) <= 0;
        ranged(entity.clone(), from, if is_empty { 0 } else { to - from })
    };
    entities.iter().map(grown).collect()
}

#[test]
fn whatever_is_read_can_be_written_and_read_again() {
    for seed in 0..3_000 {
        let mut dice = Dice(seed);
        let len = dice.below(40);
        let source = dice.text(len);
        for (text, entities) in [parse_markdown(&source), parse_html(&source)] {
            comes_back(&text, &entities, &entities, seed);
        }
    }
}

/// What takes a fraction of a second would take minutes if anything were looked for again and again.
#[test]
fn long_half_markup_takes_time_in_proportion() {
    let patterns = [
        "[",
        "]",
        "[a](",
        "](",
        "[a]((",
        "![",
        "`",
        "``",
        "```",
        "`a",
        "```a",
        "*",
        "**",
        "_*",
        "||",
        ">",
        "\n>",
        "**>",
        "\\",
        "\\`",
        "<",
        "<a",
        "<a b='",
        "<a b=\"'",
        "<b>",
        "</b>",
        "<!--",
        "<!",
        "&",
        "&amp",
        "<i></b>",
        "<pre><code class='language-",
        "[]()",
        "*a*_b",
        "(",
    ];
    for pattern in patterns {
        let long = pattern.repeat(100_000 / pattern.len());
        for end in ["", "'>`)a*"] {
            let source = format!("{long}{end}");
            let _ = (parse_markdown(&source), html::read(html_tokens::tokens(&source)));
        }
    }
}

#[test]
fn entities_without_end_cost_bounded_memory() {
    let text = "a".repeat(30_000);
    // A staircase: each overlaps all that began before it.
    let stairs = |at| ranged(entity::bold(), at, 15_000);
    let entities: Vec<_> = (0..20_000).map(stairs).collect();
    let (read, found) = parse_html(&generate_html(&text, &entities));
    assert_eq!(read, text);
    assert!(found.len() <= 10_000, "{}", found.len());
    assert_eq!(parse_markdown(&generate_markdown(&text, &entities)).0, text);
}

fn markdown(source: &str, text: &str, expected: &[MessageEntity]) {
    assert_eq!(parse_markdown(source), (text.to_owned(), expected.to_vec()), "{source}");
}

#[test]
fn each_sign_of_markdown_means_what_is_written() {
    markdown("*a* **b**", "a b", &[ranged(entity::bold(), 0, 1), ranged(entity::bold(), 2, 1)]);
    markdown(
        "_a_ __b__",
        "a b",
        &[ranged(entity::italic(), 0, 1), ranged(entity::underline(), 2, 1)],
    );
    markdown("~a~ ~~b~~", "a b", &[ranged(entity::strike(), 0, 1), ranged(entity::strike(), 2, 1)]);
    markdown("||a|| | b", "a | b", &[ranged(entity::spoiler(), 0, 1)]);
    markdown("`a*` b", "a* b", &[ranged(entity::code(), 0, 2)]);
    markdown("```rust\nfn\n```", "fn", &[ranged(entity::pre("rust"), 0, 2)]);
    markdown("```a b```", "a b", &[ranged(entity::pre(""), 0, 3)]);
    let link = t::MessageEntityTextUrl { offset: 0, length: 1, url: "http://x/(y)".to_owned() };
    markdown("[a](http://x/(y))", "a", &[link.into()]);
    markdown(
        "[a](tg://user?id=5)",
        "a",
        &[t::MessageEntityMentionName { offset: 0, length: 1, user_id: 5 }.into()],
    );
    markdown("![👍](tg://emoji?id=5)", "👍", &[ranged(entity::custom_emoji(5), 0, 2)]);
    markdown(">a\n>b\nc", "a\nb\nc", &[ranged(entity::blockquote(false), 0, 3)]);
    markdown(
        ">a\n**>b||",
        "a\nb",
        &[ranged(entity::blockquote(false), 0, 1), ranged(entity::blockquote(true), 2, 1)],
    );
    markdown("*a _b_*", "a b", &[ranged(entity::bold(), 0, 3), ranged(entity::italic(), 2, 1)]);
    markdown("___a___", "a", &[ranged(entity::underline(), 0, 1), ranged(entity::italic(), 0, 1)]);
}

#[test]
fn offsets_count_utf16_units() {
    let text = "😀🇩🇪e\u{301}👩‍👩‍👧";
    let at = i32::try_from(text.encode_utf16().count()).unwrap();
    assert_eq!(at, 16);
    let (read, found) = parse_markdown(&format!("{text}*ß*"));
    assert_eq!((read, found), (format!("{text}ß"), vec![ranged(entity::bold(), at, 1)]));
    let (read, found) = parse_html(&format!("{text}<b>😀</b>"));
    assert_eq!((read, found), (format!("{text}😀"), vec![ranged(entity::bold(), at, 2)]));
}

#[test]
fn what_is_not_closed_is_text() {
    for source in [
        "*", "**", "****", "a *b", "_a", "`a", "```", "``````", "[a](b", "[a]", "[a]()", "](a)",
        "!", "||", "||||", "a\\", "[", "![a", "a > b", "\\a", "~",
    ] {
        markdown(source, source, &[]);
    }
    for source in
        ["<", "a < b", "<b", "<a href='x", "< b>", "&", "&;", "&lt", "&#0;", "&#xd800;", "<>"]
    {
        assert_eq!(parse_html(source), (source.to_owned(), vec![]), "{source}");
    }
}

#[test]
fn html_is_read_as_telegram_writes_it() {
    let html = |source, text: &str, expected: &[MessageEntity]| {
        assert_eq!(parse_html(source), (text.to_owned(), expected.to_vec()), "{source}");
        assert_eq!(super::parse_html(source), (text.to_owned(), expected.to_vec()), "{source}");
    };
    html("&amp;lt; &lt;b&gt; &quot;&#65;&#x42;", "&lt; <b> \"AB", &[]);
    html(
        "<B>a</B><strong>b</strong>",
        "ab",
        &[ranged(entity::bold(), 0, 1), ranged(entity::bold(), 1, 1)],
    );
    html(
        "<span class=\"tg-spoiler\">a</span><span>b</span>",
        "ab",
        &[ranged(entity::spoiler(), 0, 1)],
    );
    html(
        "<pre><code class=\"language-c++\">a</code></pre>",
        "a",
        &[ranged(entity::pre("c++"), 0, 1)],
    );
    html(
        "<pre><code>a</code></pre>",
        "a",
        &[ranged(entity::pre(""), 0, 1), ranged(entity::code(), 0, 1)],
    );
    html("<blockquote expandable>a</blockquote>b", "ab", &[ranged(entity::blockquote(true), 0, 1)]);
    html(
        "<a href='tg://user?id=5'>a</a>",
        "a",
        &[t::MessageEntityMentionName { offset: 0, length: 1, user_id: 5 }.into()],
    );
    html("<tg-emoji emoji-id=\"5\">👍</tg-emoji>", "👍", &[ranged(entity::custom_emoji(5), 0, 2)]);
    let link = t::MessageEntityTextUrl { offset: 0, length: 1, url: "http://x/?a=1&b".to_owned() };
    html("<a href=http://x/?a=1&amp;b>a</a>", "a", &[link.into()]);
    // Unclosed, wrongly nested, unknown, commented out.
    html("<b>a", "a", &[ranged(entity::bold(), 0, 1)]);
    html(
        "<b>a<i>b</b>c</i>",
        "abc",
        &[
            ranged(entity::bold(), 0, 2),
            ranged(entity::italic(), 1, 1),
            ranged(entity::italic(), 2, 1),
        ],
    );
    html("a</b><x>b</x><!-- c -->d<br/>e", "abd\ne", &[]);
}
