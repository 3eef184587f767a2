--[[
  Removes one contact whose device cannot be reached any more, unless it has registered again in the meantime.

  Input:
    KEYS[1] bindings   contacts of the user: hash of contact -> binding as JSON
    KEYS[2] expiries   when bindings expire: sorted set of `<user> <contact>`

    ARGV[1] user
    ARGV[2] contact    the contact's name in the hash
    ARGV[3] updatedAt  ms: when the binding that was found dead was written

  Output:
    list: 1 when it was removed (else 0), number of contacts left

  Events: none
]]
local stored = redis.call('HGET', K.bindings, A.contact)
if not stored or cjson.decode(stored).updatedAt ~= tonumber(A.updatedAt) then
  return { 0, redis.call('HLEN', K.bindings) }
end
redis.call('HDEL', K.bindings, A.contact)
redis.call('ZREM', K.expiries, A.user .. ' ' .. A.contact)
return { 1, redis.call('HLEN', K.bindings) }
