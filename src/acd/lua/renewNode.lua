--[[
  Prolongs the lease by which a node owns its tickets.

  Input:
    ARGV[1] expiresAt  end of the lease, ms
    ARGV[2] begin      1 to take the lease, 0 to prolong one that must exist

  Output:
    1  the lease runs
    2  the lease runs, but nobody listens here to what this node is told: its channels lead to another Redis
    0  the node has no lease any more: it was swept, or another incarnation of the node took over

  Events:
    a sign of life to all nodes, from one that listens
]]
--- @include "effects"
if A.begin ~= '1' and not redis.call('ZSCORE', ROOT .. 'nodes', NODE) then return 0 end
redis.call('ZADD', ROOT .. 'nodes', A.expiresAt, NODE)
if hears(NODE) == false then return 2 end
if hasOthers() then redis.call('PUBLISH', ROOT .. 'changes', '\29' .. NODE .. '\29') end
return 1
