//! Ready calls to the gateway in three languages.

use leptos::prelude::*;

use crate::components::code::CodeBlock;
use crate::components::tabs::Tabs;
use crate::locales::overview as t;

/// What stands for the key where none is known.
pub const KEY_STAND_IN: &str = "YOUR_API_KEY";

/// Tabs with a chat call in curl, Python and JavaScript.
#[component]
pub fn Snippets(#[prop(into)] origin: String, #[prop(into)] key: String) -> impl IntoView {
    let names = vec!["curl", "Python", "JavaScript"];
    view! {
        <Tabs
            label=t::snippet_language()
            names
            panel=move |at| {
                let (label, text) = match at {
                    0 => ("curl", curl(&origin, &key)),
                    1 => ("Python", python(&origin, &key)),
                    _ => ("JavaScript", javascript(&origin, &key)),
                };
                view! { <CodeBlock text label /> }
            }
        />
    }
}

fn curl(origin: &str, key: &str) -> String {
    format!(
        "curl {origin}/v1/chat/completions \\\n  -H 'Authorization: Bearer {key}' \\\n  -H 'Content-Type: application/json' \\\n  \
         -d '{{\"model\": \"gpt-4o-mini\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'"
    )
}

fn python(origin: &str, key: &str) -> String {
    format!(
        "from openai import OpenAI\n\nclient = OpenAI(\n    base_url=\"{origin}/v1\",\n    api_key=\"{key}\",\n)\n\
         answer = client.chat.completions.create(\n    model=\"gpt-4o-mini\",\n    \
         messages=[{{\"role\": \"user\", \"content\": \"Hello\"}}],\n)\nprint(answer.choices[0].message.content)"
    )
}

fn javascript(origin: &str, key: &str) -> String {
    format!(
        "import OpenAI from \"openai\";\n\nconst client = new OpenAI({{\n  baseURL: \"{origin}/v1\",\n  apiKey: \"{key}\",\n}});\n\
         const answer = await client.chat.completions.create({{\n  model: \"gpt-4o-mini\",\n  \
         messages: [{{ role: \"user\", content: \"Hello\" }}],\n}});\nconsole.log(answer.choices[0].message.content);"
    )
}
