//! Which routes are compared with a request at all. First by literal prefix: those whose prefix the path begins with. Where
//! many routes share one (`/api/{tenant}/orders/*`, `/api/{tenant}/invoices/*` …), then by a whole segment that every path
//! of the route has after the prefix; where no segment tells them apart, by a header field that must have a certain value.

use crate::routing::CompiledRoute;
use fastgate_shared::route::pattern::Token;
use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Routes that are rather compared one by one than told apart by an index.
pub(super) const FEW: usize = 16;

/// Routes by a value in lower case.
type ByValue = HashMap<Box<[u8]>, Vec<usize>>;

/// Distinct literal prefixes of the active routes, sorted as bytes.
#[derive(Default)]
pub(super) struct PrefixIndex {
    nodes: Vec<Node>,
}

/// The routes of one prefix, by their places in the table.
pub(super) struct Node {
    prefix: Box<str>,
    /// The longest other prefix that this one begins with.
    parent: Option<usize>,
    /// Those that are compared with every path.
    always: Vec<usize>,
    /// Those that are compared with paths that have this segment after the prefix.
    by_segment: HashMap<Box<str>, Vec<usize>>,
    /// Those that are compared with requests that have this field with this value, in lower case.
    by_field: Vec<(HeaderName, ByValue)>,
}

impl PrefixIndex {
    /// Of the routes at `places`.
    pub(super) fn new(routes: &[Arc<CompiledRoute>], places: impl Iterator<Item = usize>) -> Self {
        let mut by_prefix: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for place in places {
            by_prefix
                .entry(routes[place].matcher.pattern().literal_prefix())
                .or_default()
                .push(place);
        }
        let mut nodes: Vec<Node> = Vec::with_capacity(by_prefix.len());
        // In sorted order everything between a prefix and its extensions is an extension itself, so that a stack of open
        // prefixes finds each one's parent.
        let mut open: Vec<usize> = Vec::new();
        for (prefix, places) in by_prefix {
            while open
                .last()
                .is_some_and(|last| !prefix.starts_with(&*nodes[*last].prefix))
            {
                open.pop();
            }
            let parent = open.last().copied();
            open.push(nodes.len());
            nodes.push(Node::new(prefix, parent, places, routes));
        }
        Self { nodes }
    }

    /// The nodes whose prefix the path begins with, longest first.
    pub(super) fn prefixes_of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Node> {
        let up = |node: &Node| node.parent.map(|parent| &self.nodes[parent]);
        // The longest prefix of the path is the last node that sorts before it, or one of that node's ancestors.
        let before = self.nodes.partition_point(|node| *node.prefix <= *path);
        let last = before.checked_sub(1).map(|place| &self.nodes[place]);
        let ancestors = std::iter::successors(last, move |node| up(node));
        ancestors.skip_while(move |node| !path.starts_with(&*node.prefix))
    }
}

impl Node {
    fn new(prefix: &str, parent: Option<usize>, places: Vec<usize>, routes: &[Arc<CompiledRoute>]) -> Self {
        let mut node = Self {
            prefix: prefix.into(),
            parent,
            always: Vec::new(),
            by_segment: HashMap::new(),
            by_field: Vec::new(),
        };
        if places.len() <= FEW {
            node.always = places;
            return node;
        }
        let tokens = |place: usize| routes[place].matcher.pattern().tokens();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for place in &places {
            whole_segments(tokens(*place)).for_each(|segment| *known.entry(segment).or_default() += 1);
        }
        for place in places {
            // That of the fewest routes tells most.
            match whole_segments(tokens(place)).min_by_key(|segment| known[segment]) {
                Some(segment) => node.by_segment.entry(segment.into()).or_default().push(place),
                None => node.always.push(place),
            }
        }
        if node.always.len() > FEW {
            node.index_fields(routes);
        }
        node
    }

    /// Tells those apart by header fields that no segment tells apart.
    fn index_fields(&mut self, routes: &[Arc<CompiledRoute>]) {
        let fields = |place: usize| {
            let rules = routes[place].headers.iter();
            rules.filter_map(|rule| Some((rule.name(), rule.text()?.to_ascii_lowercase())))
        };
        let mut known: HashMap<(&HeaderName, String), usize> = HashMap::new();
        for place in &self.always {
            fields(*place).for_each(|field| *known.entry(field).or_default() += 1);
        }
        for place in std::mem::take(&mut self.always) {
            let Some((name, value)) = fields(place).min_by_key(|field| known[field]) else {
                self.always.push(place);
                continue;
            };
            let at = self.by_field.iter().position(|(other, _)| other == name);
            let at = at.unwrap_or_else(|| {
                self.by_field.push((name.clone(), ByValue::new()));
                self.by_field.len() - 1
            });
            let values = &mut self.by_field[at].1;
            values.entry(value.into_bytes().into()).or_default().push(place);
        }
    }

    /// Tells the routes that are to be compared with a request whose path begins with the prefix; one perhaps twice. Where the
    /// fields are not known (`None`), all that they could tell apart.
    pub(super) fn for_each_that_may_match(&self, path: &str, headers: Option<&HeaderMap>, mut tell: impl FnMut(usize)) {
        self.always.iter().copied().for_each(&mut tell);
        for (name, values) in &self.by_field {
            let Some(headers) = headers else {
                values.values().flatten().copied().for_each(&mut tell);
                continue;
            };
            for value in headers.get_all(name) {
                let value: SmallVec<[u8; 64]> = value.as_bytes().iter().map(u8::to_ascii_lowercase).collect();
                values.get(&*value).into_iter().flatten().copied().for_each(&mut tell);
            }
        }
        if self.by_segment.is_empty() {
            return;
        }
        for segment in path[self.prefix.len()..].split('/') {
            if let Some(places) = self.by_segment.get(segment) {
                places.iter().copied().for_each(&mut tell);
            }
        }
    }
}

/// Literal segments after the first wildcard that a path must have as they are: with a `/` before, and a `/` or the path's end
/// after it.
fn whole_segments(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.iter().enumerate().skip(1).flat_map(|(at, token)| {
        let text = match token {
            Token::Literal(text) => text.as_str(),
            _ => "",
        };
        // What `**` takes begins with `/`.
        let ends_whole = matches!(tokens.get(at + 1), None | Some(Token::Segments));
        let last = text.split('/').count() - 1;
        text.split('/')
            .enumerate()
            .filter(move |(n, segment)| *n > 0 && (*n < last || ends_whole) && !segment.is_empty())
            .map(|(_, segment)| segment)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fastgate_shared::route::pattern::PathPattern;
    use rstest::rstest;

    #[rstest]
    #[case("/api/{tenant}/orders/{id}", &["orders"])]
    #[case("/api/{tenant}/orders", &["orders"])]
    #[case("/api/*/orders/items/*", &["orders", "items"])]
    #[case("/api/**/end", &["end"])]
    #[case("/api/{x}/part/**", &["part"])]
    #[case("/api/{x}/part*", &[])]
    #[case("/api/{x}-part/whole/{y}", &["whole"])]
    #[case("/api/a*b/c", &["c"])]
    #[case("/api/**", &[])]
    #[case("*.json", &[])]
    #[case("*/end", &["end"])]
    #[case("/exact/path", &[])]
    fn segments_that_every_path_has(#[case] pattern: &str, #[case] segments: &[&str]) {
        let pattern = PathPattern::parse(pattern).unwrap();
        assert_eq!(whole_segments(pattern.tokens()).collect::<Vec<_>>(), segments);
    }
}
