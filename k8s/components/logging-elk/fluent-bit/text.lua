-- A line of the logger arrives parsed. Anything else is text that a process wrote past it, for example when V8 runs out
-- of memory.
function document(tag, timestamp, record)
  if record["log"] == nil then
    return 0, timestamp, record
  end
  local pod = string.match(tag, "^causeway%.(.+)$")
  -- A pod of a Deployment: service, hash of the template, its own.
  local service = string.match(pod, "^(.+)%-[^-]+%-[^-]+$")
  return 2, timestamp, { level = "unknown", service = service or pod, instance = pod, msg = record["log"] }
end
