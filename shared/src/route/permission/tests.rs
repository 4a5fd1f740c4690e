//! The grammar of permissions, and what a path asks for.

use super::{Operation, Permission};
use rstest::rstest;

#[rstest]
#[case("chat", Operation::Chat)]
#[case("chat.completions", Operation::Chat)]
#[case("completions", Operation::Completions)]
#[case("models.list", Operation::Models)]
#[case("rerank", Operation::Rerank)]
fn operations_are_known_by_name(#[case] entry: &str, #[case] operation: Operation) {
    assert_eq!(Permission::parse(entry), Ok(Permission::Operation(operation)));
}

#[rstest]
#[case("chatt", "`chatt` is not a permission; allowed are chat, ")]
#[case("", "`` is not a permission")]
#[case("Chat", "`Chat` is not a permission")]
#[case("paths:/v1/*", "`paths:/v1/*` is not a permission")]
#[case("route:", "`route:` has nothing after the colon")]
#[case("model: ", "has nothing after the colon")]
#[case("path:v1", "the pattern of `path:v1` must start with `/`")]
#[case("route:a\nb", "control characters")]
fn a_mistyped_entry_is_refused_with_the_reason(#[case] entry: &str, #[case] reason: &str) {
    let why = Permission::parse(entry).expect_err(entry).to_string();
    assert!(why.contains(reason), "{entry}: {why}");
}

#[rstest]
#[case("/v1/chat/completions", Some(Operation::Chat))]
#[case("/openai/deployments/x/chat/completions", Some(Operation::Chat))]
#[case("/v1/completions", Some(Operation::Completions))]
#[case("/models/x/chat/completions", Some(Operation::Chat))]
#[case("/models/x/Chat//Completions/", Some(Operation::Chat))]
#[case("/v1/chat/completions/more", None)]
#[case("/v1/embeddings", Some(Operation::Embeddings))]
#[case("/v1/models", Some(Operation::Models))]
#[case("/v1/models/org/name", Some(Operation::Models))]
#[case("/v1/files/f1/content", Some(Operation::Files))]
#[case("/v1/audio/speech", Some(Operation::Audio))]
#[case("/v1/images/generations", Some(Operation::Images))]
#[case("/v1/responses/r1", Some(Operation::Responses))]
#[case("/v1/messages/batches", Some(Operation::Batches))]
#[case("/v1/embeddings/x", None)]
#[case("/", None)]
#[case("/v1/chatmodels", None)]
fn the_end_of_a_path_tells_the_operation(#[case] path: &str, #[case] operation: Option<Operation>) {
    assert_eq!(Operation::of_path(path), operation);
}

#[rstest]
#[case("gpt-4", "gpt-4", true)]
#[case("gpt-4", "gpt-4o", false)]
#[case("gpt-*", "gpt-4o", true)]
#[case("*", "", true)]
#[case("gpt-?", "gpt-4", true)]
#[case("gpt-?", "gpt-é", true)]
#[case("gpt-?", "gpt-", false)]
#[case("*/Qwen*-A3B", "mckj/Qwen3-30B-A3B", true)]
#[case("*a*b", "aab", true)]
#[case("*a*b", "aabc", false)]
#[case("GPT*", "gpt-4", false)]
fn a_glob_takes_the_whole_model(#[case] glob: &str, #[case] model: &str, #[case] fits: bool) {
    let Ok(Permission::Model(glob)) = Permission::parse(&format!("model:{glob}")) else {
        panic!("a model permission")
    };
    assert_eq!(glob.matches(model), fits);
}
