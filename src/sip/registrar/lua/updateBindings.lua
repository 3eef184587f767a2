--[[
  Carries out one REGISTER: adds, refreshes and removes contacts of a user, all of them or none (RFC 3261 section 10.3
  steps 6 to 8).

  Input:
    KEYS[1] bindings  contacts of the user: hash of contact -> binding as JSON
    KEYS[2] expiries  when bindings expire: sorted set of `<user> <contact>`

    ARGV[1] user
    ARGV[2] now       ms
    ARGV[3] callId    Call-ID of the REGISTER
    ARGV[4] cseq      its CSeq number
    ARGV[5] most      contacts that a user may have
    ARGV[6] clear     1: remove every contact (`Contact: *`)
    ARGV[7] changes   JSON list of {contact, binding}; without binding the contact is removed

  Output:
    list: number of live contacts before, then each live contact after as JSON
    -12 STALE_REGISTRATION  a contact has seen this CSeq, or a later one, of the same Call-ID
    -13 TOO_MANY_CONTACTS

  Events: none
]]
local now = tonumber(A.now)
local changes = cjson.decode(A.changes)

-- Expired contacts are left to the sweep, which tells when a user has none left.
local live, records, count = {}, {}, 0
local stored = redis.call('HGETALL', K.bindings)
for i = 1, #stored, 2 do
  local binding = cjson.decode(stored[i + 1])
  if binding.expiresAt > now then
    live[stored[i]] = binding
    records[stored[i]] = stored[i + 1]
    count = count + 1
  end
end
local before = count

local function isStale(binding)
  return binding and binding.callId == A.callId and tonumber(A.cseq) <= binding.cseq
end

if A.clear == '1' then
  for contact, binding in pairs(live) do
    if isStale(binding) then return CODE.STALE_REGISTRATION end
    changes[#changes + 1] = { contact = contact }
  end
end
for _, change in ipairs(changes) do
  if isStale(live[change.contact]) then return CODE.STALE_REGISTRATION end
end

for _, change in ipairs(changes) do
  local was = records[change.contact]
  records[change.contact] = change.binding
  if was and not change.binding then count = count - 1 end
  if change.binding and not was then count = count + 1 end
end
if count > tonumber(A.most) and count > before then return CODE.TOO_MANY_CONTACTS end

for _, change in ipairs(changes) do
  local member = A.user .. ' ' .. change.contact
  if change.binding then
    redis.call('HSET', K.bindings, change.contact, change.binding)
    redis.call('ZADD', K.expiries, cjson.decode(change.binding).expiresAt, member)
  else
    redis.call('HDEL', K.bindings, change.contact)
    redis.call('ZREM', K.expiries, member)
  end
end

local reply = { before }
for _, record in pairs(records) do reply[#reply + 1] = record end
return reply
