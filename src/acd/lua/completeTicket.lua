--[[
  The talk is over: the seat wraps up, then it is free again.

  Input:
    KEYS[1] ticket
    ARGV[1] root
    ARGV[2] now            ms
    ARGV[3] node           the node that runs this
    ARGV[4] handlingGuess  ms, for the first talk of a queue

  Output:
    1  ended
    0  the ticket does not talk

  Events:
    ended to the node that owns the ticket; wake and due of the freed seat
]]
--- @include "ticket"
local ticket = load(K.ticket)
if not may(ticket, 'complete') then return done(0) end
endTalk(ticket, 'complete', 'completed', tonumber(A.now))
return done(1)
