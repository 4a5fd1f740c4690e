-- What wrk sends: one chat request, with the key and the model that routes it. Prints one line of JSON at the end.

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY")
wrk.body = [[{"model":"gpt-4o-mini","temperature":0.7,"messages":[{"role":"system","content":"You are a helpful assistant that answers in one sentence, without any introduction, in the language of the question."},{"role":"user","content":"Explain in simple words why the sky is blue at noon and red in the evening, and what the size of the particles in the air has to do with it."}]}]]

function done(summary, latency)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout + summary.errors.status
  io.write(string.format('\n{"requests":%d,"seconds":%f,"errors":%d,"p50_us":%f,"p99_us":%f}\n',
    summary.requests, summary.duration / 1e6, errors, latency:percentile(50), latency:percentile(99)))
end
