// Routes that several tests use.

/** What a client of OpenAI's API needs: everything under /v1 goes to the upstream, with the upstream's own key. */
export async function openAiRoutes(gateway, upstream) {
  await gateway.route({
    route_name: "OpenAI",
    match_path: "/v1/*",
    target_host: upstream.host,
    target_path: "",
    add_headers: { Authorization: "Bearer sk-upstream-secret-4f2a" },
  });
}
