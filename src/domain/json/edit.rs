//! Editing an object in its own text: what is not edited keeps the very bytes that it had.
//!
//! White space, key order, escapes and the spelling of numbers stay; what is added looks like its
//! neighbours: their indentation, line ends and colons.

use std::borrow::Cow;
use std::ops::Range;

use super::parse::{self, JsonError, Node};
use super::{Value, push_string};

/// An object as its text, cut at its members.
#[derive(Debug, Clone)]
pub struct ObjectText<'a> {
    /// Up to the opening brace, and with it.
    head: &'a str,
    members: Vec<Member<'a>>,
    /// From the end of the last member on.
    tail: &'a str,
}

#[derive(Debug, Clone)]
struct Member<'a> {
    name: Cow<'a, str>,
    /// From the end of what stands before to the value: comma, white space, key, colon.
    lead: Cow<'a, str>,
    value: Cow<'a, str>,
}

impl<'a> ObjectText<'a> {
    /// Cuts a text, which is read as strictly as by [`Value::parse`].
    ///
    /// # Errors
    /// [`JsonError`], also where the text is no object.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, JsonError> {
        let (text, node, whole) = parse::read(bytes, &|_, span| span)?;
        let Node::Object(members) = node else {
            let problem = "it is no object".to_owned();
            return Err(JsonError::Shape { path: String::new(), problem });
        };
        let mut end = whole.start + 1;
        let cut = |(name, span): (Cow<'a, str>, Range<usize>)| {
            let lead = &text[end..span.start];
            end = span.end;
            Member { name, lead: lead.into(), value: text[span].into() }
        };
        let members = members.into_iter().map(cut).collect();
        Ok(Self { head: &text[..=whole.start], members, tail: &text[end..] })
    }

    /// The members in the order of the text: each name, unescaped, and the text of its value.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().map(|member| (member.name.as_ref(), member.value.as_ref()))
    }

    /// The text of the value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|member| member.name == name).map(|member| member.value.as_ref())
    }

    /// Gives `name` this value, at its place or as the last member.
    pub fn set(&mut self, name: &str, value: &Value) {
        let style = self.style();
        let text = style.value(value, &style.indent);
        if let Some(member) = self.members.iter_mut().find(|member| member.name == name) {
            member.value = text.into();
        } else {
            let lead = style.lead(name, self.members.is_empty()).into();
            self.members.push(Member { name: name.to_owned().into(), lead, value: text.into() });
        }
    }

    /// Appends an item to the array `name`; where there is none, or null, or another value, it becomes an
    /// array of this item.
    pub fn push(&mut self, name: &str, item: &Value) {
        let style = self.style();
        let array = self.get(name).unwrap_or_default().to_owned();
        let Ok((text, Node::Array(spans), _)) = parse::read(array.as_bytes(), &|_, span| span) else {
            return self.set(name, &Value::Array(vec![item.clone()]));
        };
        let Some(last) = spans.last() else {
            return self.set(name, &Value::Array(vec![item.clone()]));
        };
        let before = spans.iter().rev().nth(1).map_or(1, |span| span.end);
        let gap = after_comma(&text[before..last.start]);
        let indent = gap.rfind(['\n', '\r']).map(|at| &gap[at + 1..]);
        let item = match indent {
            Some(indent) => style.value(item, indent),
            None => Style { newline: "", ..style.clone() }.value(item, ""),
        };
        let gap = if spans.len() == 1 && indent.is_none() { style.space() } else { gap };
        let longer = format!("{},{gap}{item}{}", &text[..last.end], &text[last.end..]);
        if let Some(member) = self.members.iter_mut().find(|member| member.name == name) {
            member.value = longer.into();
        }
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.head.to_owned();
        for member in &self.members {
            text.push_str(&member.lead);
            text.push_str(&member.value);
        }
        text + self.tail
    }

    /// How the last member is set, which is how the next one will be.
    fn style(&self) -> Style {
        let Some(last) = self.members.last() else { return Style::default() };
        let (gap, rest) = last.lead.split_at(last.lead.find('"').unwrap_or_default());
        let colon = rest.rsplit('"').next().unwrap_or_default().to_owned();
        let gap = after_comma(gap).to_owned();
        let newline = ["\r\n", "\n", "\r"].into_iter().find(|end| gap.contains(end)).unwrap_or_default();
        let indent = gap.rfind(['\n', '\r']).map_or("", |at| &gap[at + 1..]).to_owned();
        Style { gap, newline, indent, colon }
    }
}

/// The white space of `lead` that follows its comma, or all of it where there is none.
fn after_comma(lead: &str) -> &str {
    lead.trim_start().strip_prefix(',').unwrap_or(lead)
}

/// How members are set.
#[derive(Debug, Clone)]
struct Style {
    /// White space before a key.
    gap: String,
    /// What ends a line; empty where everything stands on one.
    newline: &'static str,
    /// What a member is indented by.
    indent: String,
    /// The colon with the white space around it.
    colon: String,
}

impl Default for Style {
    fn default() -> Self {
        Self { gap: "\n  ".to_owned(), newline: "\n", indent: "  ".to_owned(), colon: ": ".to_owned() }
    }
}

impl Style {
    /// What stands before the value of a new member.
    fn lead(&self, name: &str, first: bool) -> String {
        let mut lead = String::from(if first { "" } else { "," });
        lead.push_str(&self.gap);
        push_string(&mut lead, name);
        lead + &self.colon
    }

    /// What follows a comma on one line.
    fn space(&self) -> &'static str {
        if self.colon.ends_with(' ') { " " } else { "" }
    }

    /// The text of a value that stands at `indent`.
    fn value(&self, value: &Value, indent: &str) -> String {
        let mut out = String::new();
        self.push(&mut out, value, indent);
        out
    }

    fn push(&self, out: &mut String, value: &Value, indent: &str) {
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Value::Number(text) => out.push_str(text),
            Value::String(text) => push_string(out, text),
            Value::Array(items) => {
                let items = items.iter().map(|item| (None, item));
                self.push_all(out, ['[', ']'], items, indent);
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, member)| (Some(name), member));
                self.push_all(out, ['{', '}'], members, indent);
            }
        }
    }

    fn push_all<'v>(
        &self,
        out: &mut String,
        [open, close]: [char; 2],
        parts: impl ExactSizeIterator<Item = (Option<&'v String>, &'v Value)>,
        indent: &str,
    ) {
        out.push(open);
        let (deeper, any) = (format!("{indent}{}", self.indent), parts.len() > 0);
        for (index, (name, part)) in parts.enumerate() {
            if index > 0 {
                out.push(',');
            }
            match self.newline {
                "" if index > 0 => out.push_str(self.space()),
                "" => {}
                newline => out.extend([newline, &deeper]),
            }
            if let Some(name) = name {
                push_string(out, name);
                out.push_str(&self.colon);
            }
            self.push(out, part, &deeper);
        }
        if any && !self.newline.is_empty() {
            out.extend([self.newline, indent]);
        }
        out.push(close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str) -> String {
        let mut object = ObjectText::parse(text.as_bytes()).unwrap();
        object.set("v", &"2".into());
        object.push("h", &Value::parse(br#"{"n":1,"l":["x"]}"#).unwrap());
        object.set("new", &Value::Object(Vec::new()));
        object.text()
    }

    #[test]
    fn what_is_added_looks_like_its_neighbours() {
        for (before, after) in [
            (r#"{"v":"1","h":[]}"#, r#"{"v":"2","h":[{"n":1,"l":["x"]}],"new":{}}"#),
            (
                r#"{"v": "1", "h": [{"n": 1E5}]}"#,
                r#"{"v": "2", "h": [{"n": 1E5}, {"n": 1, "l": ["x"]}], "new": {}}"#,
            ),
            (
                "{\r\n\t\"h\": [\r\n\t\t{}\r\n\t],\r\n\t\"v\" : \"1\"\r\n}",
                "{\r\n\t\"h\": [\r\n\t\t{},\r\n\t\t{\r\n\t\t\t\"n\" : 1,\r\n\t\t\t\"l\" : [\r\n\t\t\t\t\"x\"\r\n\t\t\t]\r\n\t\t}\r\n\t],\r\n\t\"v\" : \"2\",\r\n\t\"new\" : {}\r\n}",
            ),
            (
                "{\n  \"v\": \"1\"\n}\n",
                "{\n  \"v\": \"2\",\n  \"h\": [\n    {\n      \"n\": 1,\n      \"l\": [\n        \"x\"\n      ]\n    }\n  ],\n  \"new\": {}\n}\n",
            ),
        ] {
            assert_eq!(edited(before), after);
        }
        assert_eq!(Value::parse(edited(" {}\n").as_bytes()).unwrap().members().len(), 3);
    }

    #[test]
    fn what_is_not_edited_keeps_its_text() {
        let text = "  { \"a\" : 1E5 ,\"\\u0062\":[1.0, -0],\n\n \"c\":{\"x\":0.10}}\r\n";
        let mut object = ObjectText::parse(text.as_bytes()).unwrap();
        assert_eq!(object.text(), text);
        assert_eq!(object.get("b"), Some("[1.0, -0]"));
        object.set("a", &Value::Null);
        assert_eq!(object.text(), text.replace("1E5", "null"));
        assert!(ObjectText::parse(b"[1]").is_err());
        assert!(ObjectText::parse(b"{\"a\":{\"b\":1,\"b\":2}}").is_err());
    }
}
