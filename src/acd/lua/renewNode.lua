--[[
  Prolongs the lease by which a node owns its tickets.

  Input:
    ARGV[1] expiresAt  end of the lease, ms
    ARGV[2] begin      1 to take the lease, 0 to prolong one that must exist

  Output:
    1  the lease runs
    0  the node has no lease any more: it was swept, or another incarnation of the node took over

  Events:
    none
]]
--- @include "effects"
if A.begin ~= '1' and not redis.call('ZSCORE', ROOT .. 'nodes', NODE) then return 0 end
redis.call('ZADD', ROOT .. 'nodes', A.expiresAt, NODE)
return 1
