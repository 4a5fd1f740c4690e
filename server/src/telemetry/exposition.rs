//! Prometheus' text for figures that live elsewhere and are read when somebody asks: a series is there as long as what it
//! tells of. Names and labels are escaped by the exporter's own rules.

use metrics_exporter_prometheus::formatting::{sanitize_label_value, write_help_line, write_type_line};
use std::fmt::{Display, Write as _};

/// Text that grows family by family.
#[derive(Default)]
pub struct Exposition(String);

/// One family: what follows its help and type lines.
pub struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Exposition {
    /// Begins a family; `kind` is `counter`, `gauge` or `histogram`.
    pub fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        write_help_line(&mut self.0, name, None, None, help);
        write_type_line(&mut self.0, name, None, None, kind);
        Family {
            text: &mut self.0,
            name,
        }
    }

    /// All of it.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// One series. `suffix` is that of a histogram's part, else empty.
    pub fn series(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", sanitize_label_value(value)))
            .collect();
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "{}{suffix}{{{}}} {value}", self.name, labels.join(","));
    }
}
