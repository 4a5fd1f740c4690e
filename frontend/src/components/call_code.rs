//! One call to the gateway as code: curl, Python, JavaScript.

use leptos::prelude::*;
use serde_json::Value;

use crate::components::code::CodeBlock;
use crate::components::tabs::Tabs;
use crate::locales::overview as t;

/// A call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallCode {
    /// Method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: String,
}

/// Tabs with the call in each language.
#[component]
pub fn CallSnippets(#[prop(into)] call: Signal<CallCode>) -> impl IntoView {
    let names = vec!["curl", "Python", "JavaScript"];
    view! {
        <Tabs
            label=t::snippet_language()
            names
            panel=move |at| {
                let (label, write): (_, fn(&CallCode) -> String) = match at {
                    0 => ("curl", curl),
                    1 => ("Python", python),
                    _ => ("JavaScript", javascript),
                };
                view! { <CodeBlock text=Signal::derive(move || call.with(write)) label /> }
            }
        />
    }
}

/// For a shell.
pub fn curl(call: &CallCode) -> String {
    let mut command = format!("curl -X {} {}", call.method, quoted(&call.url));
    for (name, value) in &call.headers {
        command.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
    }
    if !call.body.is_empty() {
        command.push_str(&format!(" \\\n  --data-raw {}", quoted(&call.body)));
    }
    command
}

fn python(call: &CallCode) -> String {
    let headers = call.headers.iter();
    let headers = headers.map(|(name, value)| format!("        {}: {},\n", literal(name), literal(value)));
    let body = if call.body.is_empty() {
        String::new()
    } else {
        format!("    data={}.encode(),\n", literal(&call.body))
    };
    format!(
        "import requests\n\nanswer = requests.request(\n    {},\n    {},\n    headers={{\n{}    }},\n{body}    stream=True,\n)\n\
         print(answer.status_code)\nfor line in answer.iter_lines():\n    print(line.decode())",
        literal(&call.method),
        literal(&call.url),
        headers.collect::<String>(),
    )
}

fn javascript(call: &CallCode) -> String {
    let headers = call.headers.iter();
    let headers = headers.map(|(name, value)| format!("    {}: {},\n", literal(name), literal(value)));
    let body = match fastgate_shared::json::from_text::<Value>(&call.body) {
        _ if call.body.is_empty() => String::new(),
        // JSON is JavaScript.
        Ok(_) => format!("  body: JSON.stringify({}),\n", call.body.trim().replace('\n', "\n  ")),
        Err(_) => format!("  body: {},\n", literal(&call.body)),
    };
    format!(
        "const answer = await fetch({}, {{\n  method: {},\n  headers: {{\n{}  }},\n{body}}});\nconsole.log(answer.status);\n\
         for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {{\n  process.stdout.write(piece);\n}}",
        literal(&call.url),
        literal(&call.method),
        headers.collect::<String>(),
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A text in quotes, as JSON, Python and JavaScript all read it.
fn literal(text: &str) -> String {
    Value::from(text).to_string()
}
