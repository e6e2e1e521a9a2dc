// backrelease_imu: acceleration and angular rate over Bluetooth LE, with clock, counter and battery.
//
// Boards: Arduino Nano 33 BLE (Sense) and its Rev2, Seeed XIAO nRF52840 Sense (mbed core).
// Libraries: ArduinoBLE, and Arduino_LSM9DS1 (Nano), Arduino_BMI270_BMM150 (Nano Rev2; define
// NANO_REV2 below) or Seeed Arduino LSM6DS3 (XIAO).
// Another board: give it the three functions of section 1.
//
// One notification is one sample of 20 bytes, little-endian, which needs no MTU negotiation:
//
//   0  u8      version, 1
//   1  u8      counter, wraps at 256
//   2  u8      battery percent, 255 unknown
//   3  u8      0
//   4  u32     time of the sample, us
//   8  i16 x3  acceleration, 1/4096 g        (+g on the axis that points up at rest)
//  14  i16 x3  angular rate, 1/16 deg/s

#include <ArduinoBLE.h>

// --- 1. the board ---------------------------------------------------------------------------

// #define NANO_REV2

#if defined(ARDUINO_Seeed_XIAO_nRF52840_Sense) || defined(ARDUINO_SEEED_XIAO_NRF52840_SENSE)

#include <LSM6DS3.h>
#include <Wire.h>
LSM6DS3 chip(I2C_MODE, 0x6A);  // the library's defaults: 16 g, 2000 deg/s, 416 Hz

bool beginMotion() { return chip.begin() == 0; }

bool readMotion(float g[3], float degPerS[3]) {
  g[0] = chip.readFloatAccelX();
  g[1] = chip.readFloatAccelY();
  g[2] = chip.readFloatAccelZ();
  degPerS[0] = chip.readFloatGyroX();
  degPerS[1] = chip.readFloatGyroY();
  degPerS[2] = chip.readFloatGyroZ();
  return true;
}

uint8_t batteryPercent() { return 255; }

#else  // Arduino Nano 33 BLE: both libraries offer the same object

#if defined(NANO_REV2)
#include <Arduino_BMI270_BMM150.h>
#else
#include <Arduino_LSM9DS1.h>
#endif

bool beginMotion() { return IMU.begin(); }

bool readMotion(float g[3], float degPerS[3]) {
  return IMU.readAcceleration(g[0], g[1], g[2]) &&
         IMU.readGyroscope(degPerS[0], degPerS[1], degPerS[2]);
}

uint8_t batteryPercent() { return 255; }  // the board cannot measure it

#endif

// --- 2. Bluetooth ---------------------------------------------------------------------------

const int kFrameSize = 20;
const uint16_t kSlowestHz = 10, kFastestHz = 100;

BLEService service("6b1d0001-6e0b-4d5a-9c5c-2f7a0c3e51d4");
BLECharacteristic samples("6b1d0002-6e0b-4d5a-9c5c-2f7a0c3e51d4", BLENotify, kFrameSize, true);
BLEUnsignedShortCharacteristic rate("6b1d0003-6e0b-4d5a-9c5c-2f7a0c3e51d4", BLERead | BLEWrite);
BLEByteCharacteristic cue("6b1d0004-6e0b-4d5a-9c5c-2f7a0c3e51d4", BLEWrite);

uint32_t periodUs = 20000, nextUs = 0;
uint8_t sampleCount = 0;

int blinksLeft = 0;  // each is two changes of the light
uint32_t nextBlinkMs = 0;

void setRate(uint16_t hz) {
  hz = constrain(hz, kSlowestHz, kFastestHz);
  rate.writeValue(hz);  // what a read tells
  periodUs = 1000000UL / hz;
}

void setup() {
  pinMode(LED_BUILTIN, OUTPUT);
  if (!beginMotion() || !BLE.begin()) {
    for (;;) {  // a fast light says that a part of the board does not answer
      digitalWrite(LED_BUILTIN, (millis() / 100) % 2);
    }
  }
  BLE.setLocalName("backrelease");
  BLE.setDeviceName("backrelease");
  BLE.setAdvertisedService(service);
  BLE.setConnectionInterval(6, 24);  // 7.5 to 30 ms
  service.addCharacteristic(samples);
  service.addCharacteristic(rate);
  service.addCharacteristic(cue);
  BLE.addService(service);
  setRate(50);
  BLE.advertise();
}

// --- 3. sampling ----------------------------------------------------------------------------

int16_t scaled(float value, float perUnit) {
  return (int16_t)constrain(lroundf(value * perUnit), -32768L, 32767L);
}

void putWord(uint8_t *at, uint32_t value, int nBytes) {
  for (int i = 0; i < nBytes; i++) at[i] = value >> (8 * i);
}

void sendSample(uint32_t nowUs) {
  float g[3], degPerS[3];
  if (!readMotion(g, degPerS)) return;
  uint8_t frame[kFrameSize] = {1, sampleCount++, batteryPercent(), 0};
  putWord(frame + 4, nowUs, 4);
  for (int i = 0; i < 3; i++) {
    putWord(frame + 8 + 2 * i, (uint16_t)scaled(g[i], 4096), 2);
    putWord(frame + 14 + 2 * i, (uint16_t)scaled(degPerS[i], 16), 2);
  }
  samples.writeValue(frame, kFrameSize);
}

void blink() {
  if (blinksLeft > 0 && (int32_t)(millis() - nextBlinkMs) >= 0) {
    blinksLeft--;
    digitalWrite(LED_BUILTIN, blinksLeft % 2);
    nextBlinkMs = millis() + 250;
  }
}

void loop() {
  BLE.poll();
  if (rate.written()) setRate(rate.value());
  if (cue.written()) blinksLeft = 2 * min((int)cue.value(), 10);
  blink();
  uint32_t nowUs = micros();
  if (!samples.subscribed()) {
    nextUs = nowUs;
  } else if ((int32_t)(nowUs - nextUs) >= 0) {
    sendSample(nowUs);
    nextUs += periodUs;
    if ((int32_t)(nowUs - nextUs) > 0) nextUs = nowUs;  // a stall is not caught up with
  }
}
