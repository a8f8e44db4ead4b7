-- ardour_record.lua SESSION_FOLDER SOURCE_PORT STOP_FILE: record SOURCE_PORT on a new MIDI track until STOP_FILE exists.
-- The take is SESSION_FOLDER/interchange/*/midifiles/*.mid. Says ROLLING when it records and SAVED at the end.
local folder, source, stop_file = arg[1], arg[2], arg[3]
local LONGEST_SECONDS = 300

local function say(...)
  print(table.concat({...}, " "))
  io.stdout:flush()
end

local function wait_until(condition, seconds)
  for _ = 1, seconds * 50 do
    if condition() then return true end
    ARDOUR.LuaAPI.usleep(20000)
  end
  return condition()
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

AudioEngine:set_backend("JACK", "ardour", "")
assert(AudioEngine:start(false) == 0, "Ardour could not join JACK")
local session = assert(create_session(folder, "take", 48000), "no session")

local one_midi = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local tracks = session:new_midi_track(one_midi, one_midi, true, ARDOUR.PluginInfo(), nil, nil, 1, "heard",
  ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, false)
local track
for each in tracks:iter() do track = each end
local input = track:input():midi(0)
assert(input:connect(source) == 0, "could not connect " .. source)
say("CONNECTED", source, "to", input:name())
track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
session:maybe_enable_record(false)
ARDOUR.LuaAPI.usleep(1500000)

local recording = false
for _ = 1, 4 do
  session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
  recording = wait_until(function() return session:transport_rolling() and session:actively_recording() end, 1)
  if recording then break end
end
assert(recording, "Ardour did not start to record")
ARDOUR.LuaAPI.usleep(500000) -- what comes in the first period after the start may be lost
say("ROLLING")

wait_until(function() return exists(stop_file) end, LONGEST_SECONDS)
session:request_stop(false, true, ARDOUR.TransportRequestSource.TRS_UI)
wait_until(function() return session:transport_stopped() end, 2)
ARDOUR.LuaAPI.usleep(1000000) -- the take is written by another thread
session:save_state("", false, false, false, false)
say("XRUNS", tostring(session:get_xrun_count()))
close_session()
say("SAVED")
quit()
