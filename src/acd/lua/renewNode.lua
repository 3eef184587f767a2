--[[
  Prolongs the lease by which a node owns its tickets.

  Input:
    KEYS[1] nodes
    ARGV[1] node
    ARGV[2] expiresAt  end of the lease, ms
    ARGV[3] begin      1 to take the lease, 0 to prolong one that must exist

  Output:
    1  the lease runs
    0  the node has no lease any more: it was swept, or another incarnation of the node took over

  Events:
    none
]]
if A.begin ~= '1' and not redis.call('ZSCORE', K.nodes, A.node) then return 0 end
redis.call('ZADD', K.nodes, A.expiresAt, A.node)
return 1
